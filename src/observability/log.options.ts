import { inspect } from 'node:util';
import type { Params } from 'nestjs-pino';
import pino, { type DestinationStream, type LoggerOptions } from 'pino';
import type { LogSettings } from '../config/index.js';
import { neutralise, neutraliseFields } from './neutralise.js';
import { stderrLines } from './stderr.lines.js';

/** One write for many lines, and no line later than this many milliseconds. */
const BUFFER = { minLength: 4_096, periodicFlush: 100 };

/** What other people's code throws may throw when it is read: the line is written all the same. */
const UNREADABLE = '(an error that cannot be read)';

/** How log lines are made. No request is logged as such, and no header ever is. */
const OPTIONS: LoggerOptions & { readonly wrapSerializers: boolean } = {
  base: null,
  timestamp: isoTime(),
  formatters: { level: (level) => ({ level }), log: neutraliseFields },
  serializers: { err: serializeError },
  // pino-http would hand the serializer something else than what was thrown.
  wrapSerializers: false,
  hooks: {
    logMethod(args: unknown[], method) {
      for (let index = 0; index < args.length; index += 1) {
        const arg = args[index];
        if (typeof arg === 'string') args[index] = neutralise(arg);
      }
      // Without a message of its own a line gets that of its error, and pino would copy it past this hook.
      const message = messageOf((args[0] as { err?: unknown } | null)?.err);
      if (args[1] === undefined && message !== undefined) args[1] = message;
      method.apply(this, args as Parameters<typeof method>);
    },
  },
};

/** The parameters of nestjs-pino. Its per-request middleware stays off: lines are written by event. */
export async function logParams(settings: LogSettings): Promise<Params> {
  return { pinoHttp: [{ ...OPTIONS, level: settings.level }, await destination(settings)], forRoutes: [] };
}

/** JSON for machines; for eyes, one line of text for each event, written at once. */
async function destination({ format, stream }: LogSettings): Promise<DestinationStream> {
  if (format === 'json') {
    if (stream === 'stderr') return stderrLines((line) => line);
    const lines = pino.destination({ fd: 1, sync: true, ...BUFFER });
    process.once('exit', () => lines.flushSync());
    return lines;
  }
  const { default: pretty } = await import('pino-pretty');
  const look = { colorize: process[stream].isTTY, singleLine: true, translateTime: 'SYS:HH:MM:ss.l' };
  return stream === 'stderr' ? stderrLines(pretty.prettyFactory(look)) : pretty({ ...look, sync: true });
}

/** ISO 8601 in UTC. Under load many lines share a millisecond, and its text. */
function isoTime(): () => string {
  let at = 0;
  let text = '';
  return () => {
    const now = Date.now();
    if (now !== at) text = `,"time":"${new Date((at = now)).toISOString()}"`;
    return text;
  };
}

/** A stack keeps its line breaks, and nothing else that could forge a line. Anything may have been thrown. */
function serializeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) {
    return { type: typeof error, message: neutralise(inspect(error, { depth: 2 })) };
  }
  const { name: type, message, stack } = textsOf(error);
  return { type, message: neutralise(message), stack: stack.split('\n').map(neutralise).join('\n') };
}

function messageOf(error: unknown): string | undefined {
  try {
    const message = (error as { message?: unknown } | null | undefined)?.message;
    return typeof message === 'string' ? neutralise(message) : undefined;
  } catch {
    return UNREADABLE;
  }
}

function textsOf(error: Error): { readonly name: string; readonly message: string; readonly stack: string } {
  try {
    const { name, message, stack } = error as { name: unknown; message: unknown; stack?: unknown };
    return { name: textIn(name), message: textIn(message), stack: textIn(stack) };
  } catch {
    return { name: 'Error', message: UNREADABLE, stack: '' };
  }
}

function textIn(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
