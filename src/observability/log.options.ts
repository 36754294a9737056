import type { Params } from 'nestjs-pino';
import pino, { type DestinationStream, type LoggerOptions } from 'pino';
import type { LogSettings } from '../config/index.js';
import { neutralise, neutraliseFields } from './neutralise.js';

/**
 * How log lines are made: JSON for machines, or one readable line each. No request is logged as such and no
 * header ever is; the redaction is there for the day when somebody does.
 */
const OPTIONS: LoggerOptions = {
  base: null,
  timestamp: pino.stdTimeFunctions.isoTime,
  redact: {
    paths: ['*.authorization', 'headers.authorization', 'req.headers.authorization', '*.cookie'],
    censor: '[redacted]',
  },
  formatters: { level: (level) => ({ level }), log: neutraliseFields },
  serializers: { err: serializeError },
  hooks: {
    logMethod(args, method) {
      const [first, ...rest] = args.map((arg) => (typeof arg === 'string' ? neutralise(arg) : arg));
      method.apply(this, [first as string, ...(rest as [])]);
    },
  },
};

/** The parameters of nestjs-pino. Its per-request middleware stays off: lines are written by event. */
export async function logParams({ level, format }: LogSettings): Promise<Params> {
  return { pinoHttp: [{ ...OPTIONS, level }, await destination(format)], forRoutes: [] };
}

async function destination(format: LogSettings['format']): Promise<DestinationStream> {
  if (format === 'json') return pino.destination({ fd: 1, sync: false });
  const { default: pretty } = await import('pino-pretty');
  return pretty({
    colorize: process.stdout.isTTY,
    singleLine: true,
    sync: true,
    translateTime: 'SYS:HH:MM:ss.l',
  });
}

/** A stack keeps its line breaks, and nothing else that could forge a line. */
function serializeError(error: Error): Record<string, unknown> {
  const { type, message, stack } = pino.stdSerializers.err(error);
  return { type, message: neutralise(message), stack: stack.split('\n').map(neutralise).join('\n') };
}
