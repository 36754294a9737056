import type { z } from 'zod';
import type { Environment } from './settings.js';

/** A default that is no plain value: computed from another setting, absent, or deliberately missing. */
export interface SpecialDefault {
  /** Its description in the guide. */
  readonly description: string;
  /** The process does not start without the setting. Where it names alternatives, one of them is enough. */
  readonly required?: true | { readonly without: readonly string[] };
}

/** A string is a value of the variable; it is validated like one that was set. */
export type SettingDefault = string | SpecialDefault;

/** One variable; validation, `.env.example` and the guide are derived from it. */
export interface Setting<Value = unknown> {
  readonly description: string;
  readonly schema: z.ZodType<Value, string>;
  /** Replaces `schema` in production, where more is refused. */
  readonly inProduction?: z.ZodType<Value, string>;
  readonly defaults: Readonly<Record<Environment, SettingDefault>>;
  readonly example: string;
}

export function same<Default extends SettingDefault>(value: Default) {
  return { development: value, production: value };
}

export function described(text: string): SpecialDefault {
  return { description: text };
}

/** Required unless one of `others` is set. */
export function requiredWithout(...others: readonly string[]): SpecialDefault {
  return { description: `required without ${others.join(' or ')}`, required: { without: others } };
}

export const REQUIRED: SpecialDefault = { description: 'required', required: true };
