import { z } from 'zod';
import { ConfigurationError, type SettingProblem } from './configuration.error.js';
import type { Setting } from './setting.js';
import { SETTINGS_TABLE } from './settings-table.js';
import type { Environment } from './settings.js';

type Table = typeof SETTINGS_TABLE;

type ValueOf<Entry extends Setting> = Entry extends {
  defaults: { development: string; production: string };
}
  ? z.output<Entry['schema']>
  : z.output<Entry['schema']> | undefined;

/** What the environment says; undefined where a default is no plain value. */
export type SettingValues = { readonly [Name in keyof Table]: ValueOf<Table[Name]> };

const settings: Readonly<Record<string, Setting>> = SETTINGS_TABLE;

/** Reads every variable that the table knows; throws all that is wrong with them at once. */
export function parseEnvironment(
  variables: Readonly<Record<string, string>>,
  environment: Environment,
): SettingValues {
  const result = environmentSchema(environment).safeParse(variables);
  if (result.success) return result.data as SettingValues;
  throw new ConfigurationError(problemsOf(result.error.issues, variables));
}

function environmentSchema(environment: Environment) {
  const shape: Record<string, z.ZodType> = {};
  for (const [name, setting] of Object.entries(settings)) shape[name] = schemaOf(setting, environment);
  return z.object(shape);
}

function schemaOf(setting: Setting, environment: Environment): z.ZodType {
  const schema = (environment === 'production' && setting.inProduction) || setting.schema;
  const fallback = setting.defaults[environment];
  if (typeof fallback === 'string') return schema.prefault(fallback);
  return fallback.required ? schema : schema.optional();
}

function problemsOf(
  issues: readonly z.core.$ZodIssue[],
  variables: Readonly<Record<string, string>>,
): SettingProblem[] {
  const byName = Map.groupBy(issues, (issue) => String(issue.path[0]));
  return [...byName].map(([name, found]) => ({
    name,
    reason: variables[name] === undefined ? 'is required in production' : found.map(reasonOf).join('; '),
    example: `${name}=${settings[name]?.example}`,
  }));
}

function reasonOf(issue: z.core.$ZodIssue): string {
  const position = issue.path[1];
  return typeof position === 'number' ? `${issue.message} (entry ${position + 1})` : issue.message;
}
