import type { StandardSchemaV1 } from '@standard-schema/spec';
import { type $ZodIssue, $ZodType, type ParseContextInternal, safeParse, safeParseAsync } from 'zod/v4/core';
import type { Schema } from '../decorators/schema.js';

const MAX_ISSUES = 20;
/** Characters of one issue: some messages name every key that a schema does not know. */
const MAX_MESSAGE = 500;
const MAX_KEYS = 16;
const MAX_KEY = 64;
/** Up to this number of elements all issues are reported; above it only the first, since each issue costs time. */
const MAX_SEARCHED = 100;

/** The option that zod's own `validate()` passes on; zod's schemas also respect it in `parse`. */
const UNTIL_FIRST: ParseContextInternal<$ZodIssue> = { abortEarly: true };

type Validation = StandardSchemaV1.Result<unknown>;

/**
 * Validates what a client sent. A large value is validated up to the first issue of each list or object: an issue takes
 * zod 10 µs, and a list of small objects can have half a million of them. Other libraries, and schemas of zod that
 * check asynchronously, find all issues.
 */
export function validateArguments(schema: Schema, value: unknown): Validation | Promise<Validation> {
  if (!(schema instanceof $ZodType) || isSmall(value)) return schema['~standard'].validate(value);
  try {
    return toValidation(safeParse(schema, value, UNTIL_FIRST));
  } catch {
    // Like zod itself: a schema may check asynchronously, and if a check throws, the promise rejects.
    return safeParseAsync(schema, value, UNTIL_FIRST).then(toValidation);
  }
}

/** The validation issues as one text: the path of each, and what was expected. */
export function describeIssues(issues: readonly StandardSchemaV1.Issue[]): string {
  const lines = issues
    .slice(0, MAX_ISSUES)
    .map((issue) => `${pathOf(issue)}: ${cutTo(MAX_MESSAGE, issue.message)}`);
  if (issues.length > MAX_ISSUES) lines.push(`and ${issues.length - MAX_ISSUES} more`);
  return lines.join('; ');
}

function pathOf({ path = [] }: StandardSchemaV1.Issue): string {
  if (path.length === 0) return '(arguments)';
  const keys = path
    .slice(0, MAX_KEYS)
    .map((part) => cutTo(MAX_KEY, String(typeof part === 'object' ? part.key : part)));
  return (path.length > MAX_KEYS ? [...keys, '…'] : keys).join('.');
}

function cutTo(length: number, text: string): string {
  return text.length <= length ? text : `${text.slice(0, length)}…`;
}

function toValidation(result: ReturnType<typeof safeParse>): Validation {
  return result.success ? { value: result.data } : { issues: result.error.issues };
}

function isSmall(value: unknown): boolean {
  const waiting = [value];
  for (let count = 1; waiting.length > 0; count += 1) {
    const next = waiting.pop();
    if (typeof next !== 'object' || next === null) continue;
    if (count + waiting.length > MAX_SEARCHED) return false;
    if (Array.isArray(next)) {
      if (next.length > MAX_SEARCHED) return false;
      for (const item of next as unknown[]) waiting.push(item);
    } else {
      let keys = 0;
      for (const key in next) {
        keys += 1;
        if (keys > MAX_SEARCHED) return false;
        waiting.push((next as Record<string, unknown>)[key]);
      }
    }
  }
  return true;
}
