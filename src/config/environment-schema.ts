import { z } from 'zod';
import { ConfigurationError, type SettingProblem } from './configuration.error.js';
import type { Setting, SpecialDefault } from './setting.js';
import { SETTINGS_TABLE } from './settings-table.js';
import type { Environment } from './settings.js';

type Table = typeof SETTINGS_TABLE;

type ValueOf<Entry extends Setting> = Entry extends {
  defaults: { development: string; production: string };
}
  ? z.output<Entry['schema']>
  : z.output<Entry['schema']> | undefined;

/** The parsed variables; undefined where the default is no plain value. */
export type SettingValues = { readonly [Name in keyof Table]: ValueOf<Table[Name]> };

type Variables = Readonly<Record<string, string>>;

const settings: Readonly<Record<string, Setting>> = SETTINGS_TABLE;

/** Reads every variable of the table; throws all problems at once. */
export function parseEnvironment(variables: Variables, environment: Environment): SettingValues {
  const result = environmentSchema(environment, variables).safeParse(variables);
  if (result.success) return result.data as SettingValues;
  throw new ConfigurationError(problemsOf(result.error.issues, variables));
}

function environmentSchema(environment: Environment, variables: Variables) {
  const shape: Record<string, z.ZodType> = {};
  for (const [name, setting] of Object.entries(settings)) {
    shape[name] = schemaOf(setting, environment, variables);
  }
  return z.object(shape);
}

function schemaOf(setting: Setting, environment: Environment, variables: Variables): z.ZodType {
  const schema = (environment === 'production' && setting.inProduction) || setting.schema;
  const fallback = setting.defaults[environment];
  if (typeof fallback === 'string') return schema.prefault(fallback);
  return isRequired(fallback, variables) ? schema : schema.optional();
}

function isRequired({ required }: SpecialDefault, variables: Variables): boolean {
  if (required === undefined || required === true) return required === true;
  return required.without.every((other) => variables[other] === undefined);
}

function problemsOf(issues: readonly z.core.$ZodIssue[], variables: Variables): SettingProblem[] {
  const byName = Map.groupBy(issues, (issue) => String(issue.path[0]));
  return [...byName].map(([name, found]) => ({
    name,
    reason: variables[name] === undefined ? requirementOf(name) : found.map(reasonOf).join('; '),
    example: `${name}=${settings[name]?.example}`,
  }));
}

function requirementOf(name: string): string {
  const fallback = settings[name]?.defaults.production;
  const required = typeof fallback === 'object' ? fallback.required : undefined;
  const unless = typeof required === 'object' ? `, or ${required.without.join(' or ')}` : '';
  return `is required in production${unless}`;
}

function reasonOf(issue: z.core.$ZodIssue): string {
  const position = issue.path[1];
  return typeof position === 'number' ? `${issue.message} (entry ${position + 1})` : issue.message;
}
