import { inspect } from 'node:util';
import type { Params } from 'nestjs-pino';
import type { DestinationStream, LoggerOptions } from 'pino';
import type { LogSettings } from '../config/index.js';
import { escapeInvisible, isoTime, LineWriter, LogLines } from '../lines/index.js';
import { sanitizeFields } from './sanitize.js';

/** Reading a thrown value may throw; the line is still written. */
const UNREADABLE = '(an error that cannot be read)';

/** Requests and headers are never logged. */
const OPTIONS: LoggerOptions & { readonly wrapSerializers: boolean } = {
  base: null,
  timestamp: () => `,"time":"${isoTime()}"`,
  formatters: { level: (level) => ({ level }), log: sanitizeFields },
  serializers: { err: (error) => serializeError(error) },
  // pino-http would pass the serializer something other than the thrown value.
  wrapSerializers: false,
  hooks: {
    logMethod(args: unknown[], method) {
      for (let index = 0; index < args.length; index += 1) {
        const arg = args[index];
        if (typeof arg === 'string') args[index] = escapeInvisible(arg);
      }
      // pino uses the error's message where a line has none, and would copy it past this hook.
      const message = messageOf((args[0] as { err?: unknown } | null)?.err);
      if (args[1] === undefined && message !== undefined) args[1] = message;
      method.apply(this, args as Parameters<typeof method>);
    },
  },
};

/** Cached by settings, so that the lines of the start and those of the application use the same writer. */
const made = new WeakMap<LogSettings, Promise<Params>>();

/** The options of nestjs-pino, made once. Its per-request middleware stays off: lines are written by event. */
export function logParams(settings: LogSettings): Promise<Params> {
  let params = made.get(settings);
  if (params === undefined) made.set(settings, (params = makeParams(settings)));
  return params;
}

async function makeParams(settings: LogSettings): Promise<Params> {
  return { pinoHttp: [{ ...OPTIONS, level: settings.level }, await destination(settings)], forRoutes: [] };
}

/**
 * JSON for machines; one line of text per event for people. Lines that no program reads do not block: above a limit
 * they are dropped, and a separate line reports their number.
 */
async function destination({
  format,
  stream,
}: LogSettings): Promise<DestinationStream & { flushSync(): void }> {
  const pretty = format === 'json' ? undefined : await prettyLook(stream);
  const lines = new LogLines(LineWriter.standard(stream === 'stderr' ? 2 : 1), (count) => {
    const lost = { level: 'warn', time: new Date().toISOString(), event: 'log.lost', lines: count };
    const line = `${JSON.stringify(lost)}\n`;
    return pretty === undefined ? line : pretty(line);
  });
  if (pretty === undefined) return lines;
  return { write: (line) => lines.write(pretty(line)), flushSync: () => lines.flushSync() };
}

async function prettyLook(stream: LogSettings['stream']): Promise<(line: string) => string> {
  const { default: pretty } = await import('pino-pretty');
  return pretty.prettyFactory({
    colorize: process[stream].isTTY,
    singleLine: true,
    translateTime: 'SYS:HH:MM:ss.l',
  });
}

/** Maximum logged causes of an error, and errors of an `AggregateError`. */
const MAX_CAUSES = 5;

/**
 * Serializes a thrown value and its causes. A stack keeps its line breaks; other characters that could forge a line are
 * escaped. Only the texts of an error are written: errors of client libraries have properties with requests and
 * credentials.
 */
function serializeError(error: unknown, depth = 0): Record<string, unknown> {
  if (!(error instanceof Error)) {
    return { type: typeof error, message: escapeInvisible(inspect(error, { depth: 2 })) };
  }
  const { name, message, stack, cause, errors } = textsOf(error);
  const line: Record<string, unknown> = {
    type: escapeInvisible(name),
    message: escapeInvisible(message),
    stack: stack.split('\n').map(escapeInvisible).join('\n'),
  };
  if (cause !== undefined) line['cause'] = depth < MAX_CAUSES ? serializeError(cause, depth + 1) : '…';
  if (errors.length > 0 && depth === 0) line['errors'] = errors.map((one) => serializeError(one, MAX_CAUSES));
  return line;
}

function messageOf(error: unknown): string | undefined {
  try {
    const message = (error as { message?: unknown } | null | undefined)?.message;
    return typeof message === 'string' ? escapeInvisible(message) : undefined;
  } catch {
    return UNREADABLE;
  }
}

interface ErrorTexts {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
  readonly cause?: unknown;
  readonly errors: readonly unknown[];
}

function textsOf(error: Error): ErrorTexts {
  try {
    const { name, message, stack, cause } = error as { [key in keyof Error]: unknown };
    const errors = error instanceof AggregateError ? [...error.errors].slice(0, MAX_CAUSES) : [];
    return { name: textIn(name), message: textIn(message), stack: textIn(stack), cause, errors };
  } catch {
    return { name: 'Error', message: UNREADABLE, stack: '', errors: [] };
  }
}

function textIn(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
