import { regexes } from 'zod/v4/core';
import { patternCost } from './pattern-cost.js';
import { portablePattern } from './portable-pattern.js';
import { SchemaProblem } from './schema-problem.js';
import type { Path } from './schema-tree.js';

/** The used part of a zod definition, which `zod/v4/core` publishes for libraries. */
interface Definition {
  readonly type?: string;
  readonly check?: string;
  readonly format?: string;
  readonly pattern?: RegExp;
  readonly maximum?: number;
  readonly abort?: boolean;
  readonly checks?: readonly { readonly _zod: { readonly def: Definition } }[];
}
interface Overridden {
  readonly zodSchema: { readonly _zod: { readonly def: Definition } };
  readonly jsonSchema: Record<string, unknown>;
  readonly path: readonly (string | number)[];
}
interface Unrepresentable {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** zod's own patterns, which take linear time. */
const OWN: ReadonlySet<unknown> = new Set(Object.values(regexes));
/** Formats whose patterns zod generates. */
const MADE: ReadonlySet<unknown> = new Set([
  'datetime',
  'date',
  'time',
  'duration',
  'starts_with',
  'ends_with',
  'includes',
  'mac',
]);
/** A string up to this length may be matched in quadratic time. Characters. */
export const MAX_QUADRATIC = 256;

/** Formats for which zod accepts only what a client's `ajv-formats` does. */
const AGREED: ReadonlySet<unknown> = new Set(['date', 'date-time', 'uuid', 'ipv4']);

/** Formats that zod validates by parsing and describes by a pattern that is too narrow. */
const PARSED: ReadonlySet<unknown> = new Set(['ipv6', 'cidrv6']);

/** Options for zod's conversion that keep everything its validation checks. */
export function zodOptions(side: 'input' | 'output') {
  return {
    override: ({ zodSchema: { _zod: zod }, jsonSchema, path }: Overridden): void => {
      const { def } = zod;
      const checks = [def, ...(def.checks ?? []).map(({ _zod }) => _zod.def)];
      for (const check of checks)
        if (check.pattern !== undefined) carry(check, checks, side, jsonSchema, path.map(String));
      // Infinity is no bound, and JSON cannot represent it.
      for (const key of Object.keys(jsonSchema))
        if (Math.abs(jsonSchema[key] as number) === Number.POSITIVE_INFINITY) delete jsonSchema[key];
      if (side === 'output') loosen(jsonSchema, def);
    },
    unrepresentable: ({ path, message }: Unrepresentable): never => {
      throw new SchemaProblem(
        path.map(String),
        `stands what JSON does not have (${message})`,
        'use types that JSON has, such as z.iso.datetime()',
        true,
      );
    },
  };
}

/** Converts a regular expression with its flags to a pattern; refuses one that is slow for a client's string. */
function carry(
  { pattern, format, check }: Definition,
  checks: readonly Definition[],
  side: 'input' | 'output',
  jsonSchema: Record<string, unknown>,
  path: Path,
): void {
  if (pattern === undefined || check !== 'string_format') return;
  if (side === 'input' && !OWN.has(pattern) && !MADE.has(format))
    assertCheap(pattern, lengthBefore(pattern, checks), path);
  // zod searches the text in any line.
  const portable = portablePattern(format === 'includes' ? new RegExp(pattern.source, 's') : pattern);
  if (portable === undefined) {
    throw new SchemaProblem(
      path,
      `${String(pattern)} cannot be said in JSON Schema, whose patterns have the flag u only`,
      'write the expression without other flags, or check it with .refine()',
    );
  }
  if (portable === pattern.source) return;
  for (const part of [jsonSchema, ...(Array.isArray(jsonSchema['allOf']) ? jsonSchema['allOf'] : [])]) {
    if ((part as Record<string, unknown>)['pattern'] === pattern.source) {
      (part as Record<string, unknown>)['pattern'] = portable;
      return;
    }
  }
}

/** The maximum length that is checked before the pattern. */
function lengthBefore(pattern: RegExp, checks: readonly Definition[]): number {
  const before = checks.slice(
    0,
    checks.findIndex((check) => check.pattern === pattern),
  );
  const limits = before.filter((check) => check.check === 'max_length' && check.abort === true);
  return Math.min(Number.POSITIVE_INFINITY, ...limits.map(({ maximum }) => maximum!));
}

/** Throws {@link SchemaProblem} for a regular expression that is slow for some string. */
export function assertCheap(
  pattern: RegExp,
  maxLength: number,
  path: Path,
  bounded = `.max(${MAX_QUADRATIC}, { abort: true }) before it`,
): void {
  const cost = patternCost(pattern);
  if (cost === 'linear' || (cost === 'polynomial' && maxLength <= MAX_QUADRATIC)) return;
  const bound = cost === 'polynomial' ? `, or bound the string by ${bounded}` : '';
  const growth = {
    polynomial: 'a power of its length',
    exponential: 'exponential in its length',
    unknown: 'unknown',
  };
  throw new SchemaProblem(
    path,
    `the time that ${String(pattern)} takes for a string is ${growth[cost]}`,
    `rewrite it so that no part of a string can be matched in two ways${bound}`,
  );
}

/** Removes constraints that a client checks differently, which would refuse what zod accepts. */
function loosen(jsonSchema: Record<string, unknown>, { type, format }: Definition): void {
  if (PARSED.has(format)) delete jsonSchema['pattern'];
  if (!AGREED.has(jsonSchema['format']) || jsonSchema['pattern'] === undefined) delete jsonSchema['format'];
  // For zod 0.3 is a multiple of 0.1; for a client that divides it is not.
  if (type === 'number' && !Number.isInteger(jsonSchema['multipleOf'] ?? 1)) delete jsonSchema['multipleOf'];
}
