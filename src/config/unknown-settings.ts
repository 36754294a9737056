import type { SettingProblem } from './configuration.error.js';
import { SETTINGS_TABLE } from './settings-table.js';
import { UNSUPPORTED_SETTINGS } from './unsupported-settings.js';

const OWN_PREFIX = /^(AUTH_|JWT_|SESSION_|RATE_LIMIT)/;
// X11 session managers (GNOME, KDE) set it for every program on a Linux desktop.
const FOREIGN = ['SESSION_MANAGER'];
const NEAR = 3;

const knownNames = new Set([
  ...Object.keys(SETTINGS_TABLE),
  ...Object.keys(UNSUPPORTED_SETTINGS),
  ...FOREIGN,
]);

export function unknownProblems(variables: Readonly<Record<string, string>>): SettingProblem[] {
  return Object.keys(variables)
    .filter((name) => OWN_PREFIX.test(name) && !knownNames.has(name))
    .map(unknownProblem);
}

function unknownProblem(name: string): SettingProblem {
  const near = nearestSetting(name);
  if (!near) return { name, reason: 'is not a setting of this server', example: `unset ${name}` };
  const reason = `is not a setting of this server; did you mean ${near.name}?`;
  return { name, reason, example: `${near.name}=${near.example}` };
}

function nearestSetting(name: string) {
  return Object.entries(SETTINGS_TABLE)
    .map(([known, { example }]) => ({ name: known, example, distance: editDistance(name, known) }))
    .filter(({ distance }) => distance <= NEAR)
    .toSorted((a, b) => a.distance - b.distance)[0];
}

function editDistance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [row, letter] of from.split('').entries()) {
    const current = [row + 1];
    for (const [column, other] of to.split('').entries()) {
      const replaced = previous[column]! + (letter === other ? 0 : 1);
      current.push(Math.min(replaced, previous[column + 1]! + 1, current[column]! + 1));
    }
    previous = current;
  }
  return previous[to.length]!;
}
