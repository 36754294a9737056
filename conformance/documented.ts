import { readFileSync } from 'node:fs';
import type { Excuse } from './excuses.ts';

const PAGE = new URL('../docs/conformance.md', import.meta.url);

/** Throws unless the page names every excused scenario with its reason, and no other. */
export function assertDocumented(excuses: readonly Excuse[]): void {
  const rows = readFileSync(PAGE, 'utf8').matchAll(/^\| `([\w-]+)` +\| ([^|]+?) +\|$/gm);
  const page = new Map([...rows].map(([, scenario, reason]) => [scenario!, reason!]));
  for (const { scenario, reason } of excuses) {
    if (page.get(scenario) !== reason)
      throw new Error(`docs/conformance.md must have the row | \`${scenario}\` | ${reason} |`);
    page.delete(scenario);
  }
  if (page.size > 0)
    throw new Error(`docs/conformance.md excuses what is not: ${[...page.keys()].join(', ')}`);
}
