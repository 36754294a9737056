import { Logger } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { LoggerModule, PinoLogger } from 'nestjs-pino';
import { type DestinationStream, symbols } from 'pino';
import type { AuditTrail } from '../../src/audit/index.js';
import type { Primitive } from '../../src/mcp/catalog/primitive.js';
import { Call } from '../../src/mcp/invocation/call.js';
import { CallLog } from '../../src/mcp/invocation/call.log.js';
import type { Operation } from '../../src/mcp/invocation/operation.js';
import type { Principal } from '../../src/mcp/authorization/principal.js';
import { Session } from '../../src/mcp/sessions/session.js';
import { AppLogger } from '../../src/observability/index.js';
import { logParams } from '../../src/observability/log.options.js';

const written: string[] = [];

/**
 * The logger of the settings, but for where its lines go. nestjs-pino has one for the whole process, so another test
 * file may have made it.
 */
let logger: AppLogger;
let restore: () => void;
beforeAll(async () => {
  const params = await logParams({ level: 'debug', format: 'json', stream: 'stdout' });
  const module = await Test.createTestingModule({
    imports: [LoggerModule.forRoot(params)],
    providers: [AppLogger],
  }).compile();
  logger = module.get(AppLogger);
  const root = PinoLogger.root as unknown as { level: string; [symbols.streamSym]: DestinationStream };
  const { level, [symbols.streamSym]: stream } = root;
  restore = () => Object.assign(root, { level, [symbols.streamSym]: stream });
  Object.assign(root, {
    level: 'debug',
    [symbols.streamSym]: { write: (line: string) => written.push(line) },
  });
});
afterAll(() => restore());

beforeEach(() => Logger.overrideLogger(logger));
afterEach(() => {
  written.length = 0;
  Logger.overrideLogger(false);
});

const silent: AuditTrail = { isOn: false, write: () => {}, digest: () => '' };
const log = new CallLog(silent);

function callOf(id: string | number, text: string, address: string | undefined): Call {
  const principal = { key: 'k', subject: text, clientId: text } as Principal;
  const session = new Session('s', principal, 'streamable-http');
  const request = { kind: 'request', id, method: 'tools/call', params: {} } as const;
  return new Call({ peer: session, principal, address, sink: session }, request, () => {
    throw new Error('not used');
  });
}

const timeless = (line: string | undefined) => line?.replace(/"time":"[^"]*"/, '"time":""');

it.each<[string | number, string, string | undefined]>([
  [7, 'alice', '127.0.0.1'],
  [-1.5, '', undefined],
  ['"\\/\b\f\n\r\t', 'ä 日本 \u{1f600} "quoted" \\', '::1'],
  ['\ud800x\udc00', '\u0000\u001b[2J\u007f\u009f\u2028\u202e\ufeff\u{e0041}', '::ffff:10.0.0.1'],
  ['i'.repeat(63) + '\u{1f600}', '\ud83d', '::1'],
])('the lines of a call with the id %j of %j are what pino writes of their fields', (id, text, ip) => {
  const call = callOf(id, text, ip);
  const operation = { kind: 'tool', primitive: { key: `t ${text}` } } as unknown as Operation;
  log.begun(call, operation);
  void log.ended(call, operation, 'ok', performance.now() - 1.5);
  log.unknown(call, 'prompt', {} as Primitive);
  const { durationMs } = JSON.parse(written[1]!) as { durationMs: number };
  expect(durationMs).toBeGreaterThan(1);
  const requestId = typeof id === 'string' ? id.slice(0, 63).toWellFormed() : id;
  const { session, reference } = call;
  const caller = { requestId, session: session.logId, subject: text, client: text, ip, reference };
  const nest = new Logger('Call');
  const hidden = { kind: 'prompt', outcome: 'hidden', durationMs: 0 };
  nest.debug({ event: 'call.begun', tool: operation.primitive.key, ...caller });
  nest.log({ event: 'call.ended', tool: operation.primitive.key, outcome: 'ok', durationMs, ...caller });
  nest.log({ event: 'call.ended', ...hidden, ...caller });
  expect(written).toHaveLength(6);
  expect(written.slice(0, 3).map(timeless)).toEqual(written.slice(3).map(timeless));
});

it('LOG_LEVEL decides which of them are written', () => {
  const operation = { kind: 'tool', primitive: { key: 't' } } as unknown as Operation;
  for (const [level, lines] of [
    ['debug', 2],
    ['info', 1],
    ['warn', 0],
  ] as const) {
    PinoLogger.root.level = level;
    log.begun(callOf(1, 'alice', undefined), operation);
    void log.ended(callOf(1, 'alice', undefined), operation, 'ok', 0);
    expect(written.splice(0)).toHaveLength(lines);
  }
});

it('another logger in place of the own one gets them as objects', () => {
  const lines: unknown[] = [];
  Logger.overrideLogger({ log: (line: unknown) => lines.push(line), warn: () => {}, error: () => {} });
  const operation = { kind: 'tool', primitive: { key: 't' } } as unknown as Operation;
  void log.ended(callOf('x', 'alice', undefined), operation, 'ok', 0);
  expect(lines).toEqual([
    expect.objectContaining({ event: 'call.ended', tool: 't', requestId: 'x', subject: 'alice' }),
  ]);
});
