import { isAbsolute } from 'node:path';
import { z } from 'zod';
import { RATE_LIMIT_FORMAT, type RateLimit, readRateLimit } from './rate-limit.js';
import type { AuditSettings } from './settings.js';

const MILLISECONDS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const BYTES: Readonly<Record<string, number>> = { '': 1, b: 1, kb: 1024, mb: 1024 * 1024 };

type Format<Value> = z.ZodType<Value, string>;

function quantity(text: string, pattern: RegExp, units: Readonly<Record<string, number>>): number {
  const [, amount, unit = ''] = pattern.exec(text) ?? [];
  return Number(amount) * (units[unit.toLowerCase()] ?? Number.NaN);
}

/** Parses a duration; NaN for anything else. */
export const milliseconds = (text: string): number =>
  quantity(text, /^(\d{1,12})(ms|s|m|h|d)$/, MILLISECONDS);
const bytes = (text: string) => quantity(text, /^(\d{1,12})(b|kb|mb)?$/i, BYTES);

function measured(read: (text: string) => number, min: string, max: string, kind: string): Format<number> {
  return z
    .string()
    .transform(read)
    .refine((value) => value >= read(min) && value <= read(max), `must be ${kind}, from ${min} to ${max}`);
}

/** Parses durations to milliseconds; `min` and `max` are inclusive durations. */
export function duration(min: string, max: string): Format<number> {
  return measured(milliseconds, min, max, 'a duration such as 15s, 30m, 12h or 30d');
}

/** The same, or `off`, which becomes undefined. */
export function durationOrOff(min: string, max: string): Format<number | undefined> {
  const ms = duration(min, max);
  return z.string().transform((text, context) => {
    if (text === 'off') return undefined;
    const read = ms.safeParse(text);
    if (read.success) return read.data;
    context.addIssue(`must be off, or a duration from ${min} to ${max}`);
    return z.NEVER;
  });
}

/** Parses sizes to bytes; `kb` and `mb` are multiples of 1024. */
export function byteSize(min: string, max: string): Format<number> {
  return measured(bytes, min, max, 'a size such as 512kb, 4mb or plain bytes');
}

export function wholeNumber(min: number, max: number): Format<number> {
  const reason = `must be a whole number from ${min} to ${max}`;
  return z
    .string()
    .transform((text) => (/^\d{1,15}$/.test(text) ? Number(text) : Number.NaN))
    .refine((value) => value >= min && value <= max, reason);
}

/** `on` or `off`. */
export const onOff: Format<boolean> = z
  .enum(['on', 'off'], { error: 'must be on or off' })
  .transform((text) => text === 'on');

export const flag: Format<boolean> = z
  .enum(['true', 'false'], { error: 'must be true or false' })
  .transform((text) => text === 'true');

export function oneOf<const Choices extends readonly string[]>(choices: Choices): Format<Choices[number]> {
  const isChoice = (text: string): text is Choices[number] => choices.includes(text);
  return z.string().refine(isChoice, `must be one of ${choices.join(', ')}`);
}

/** `off` becomes undefined. */
export const rateLimit: Format<RateLimit | undefined> = z.string().transform((text, context) => {
  if (text === 'off') return undefined;
  const limit = readRateLimit(text);
  if (limit !== undefined) return limit;
  context.addIssue(`must be off, or ${RATE_LIMIT_FORMAT}`);
  return z.NEVER;
});

/** A path is recognised by its beginning, so that a misspelt word is refused. */
export const auditDestination: Format<AuditSettings['destination']> = z
  .string()
  .transform((text, context) => {
    if (text === 'off' || text === 'stdout' || text === 'stderr') return text;
    if (isAbsolute(text) || /^\.\.?[/\\]./.test(text)) return { file: text };
    context.addIssue('must be off, stdout, stderr, or a path that begins with / or ./');
    return z.NEVER;
  });

/** A comma-separated list; blanks around an entry are ignored. */
export function list<Value>(entry: Format<Value>): Format<Value[]> {
  return z
    .string()
    .transform((text) => text.split(',').map((part) => part.trim()))
    .pipe(z.array(entry));
}
