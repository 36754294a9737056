import { WiringError } from '../decorators/wiring.error.js';

const SHARED = ['name', 'title', 'description', 'icons', 'meta', 'scopes', 'stepUp', 'timeoutMs'];
const KNOWN = {
  '@Tool': [...SHARED, 'input', 'output', 'annotations', 'rateLimit'],
  '@Resource': [...SHARED, 'uri', 'uriTemplate', 'mimeType', 'annotations', 'ttlMs', 'size'],
  '@Prompt': [...SHARED, 'args'],
} as const;

/**
 * Refuses options without a name, or with a key that the decorator does not have: the compiler does not check every
 * caller.
 */
export function assertOptions(decorator: keyof typeof KNOWN, options: object, className: string): void {
  if (typeof (options as { name?: unknown } | undefined)?.name !== 'string') {
    throw new WiringError(className, `its ${decorator} has no name; give it one`);
  }
  const known: readonly string[] = KNOWN[decorator];
  const unknown = Object.keys(options).find((key) => !known.includes(key));
  if (unknown === undefined) return;
  const keys = known.toSorted().join(', ');
  throw new WiringError(className, `its ${decorator} has the unknown option "${unknown}"; there are ${keys}`);
}
