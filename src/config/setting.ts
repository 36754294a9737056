import type { z } from 'zod';
import type { Environment } from './settings.js';

/** A default that is no plain value: computed from another setting, absent, or missing on purpose. */
export interface SpecialDefault {
  /** How the guide tells it. */
  readonly told: string;
  /** The process stops when the setting is missing. Where it names alternatives, one of them may be set in its place. */
  readonly required?: true | { readonly without: readonly string[] };
}

/** A string is what the variable would say; it is validated like a value that was set. */
export type SettingDefault = string | SpecialDefault;

/** One variable of the environment; validation, `.env.example` and the guide all follow it. */
export interface Setting<Value = unknown> {
  readonly description: string;
  readonly schema: z.ZodType<Value, string>;
  /** Takes the place of `schema` in production, where more is refused. */
  readonly inProduction?: z.ZodType<Value, string>;
  readonly defaults: Readonly<Record<Environment, SettingDefault>>;
  readonly example: string;
}

export function same<Default extends SettingDefault>(value: Default) {
  return { development: value, production: value };
}

export function told(text: string): SpecialDefault {
  return { told: text };
}

/** Required unless one of `others` is set. */
export function requiredWithout(...others: readonly string[]): SpecialDefault {
  return { told: `required without ${others.join(' or ')}`, required: { without: others } };
}

export const REQUIRED: SpecialDefault = { told: 'required', required: true };
