import { Logger } from '@nestjs/common';
import type { AuditRecord, AuditTrail } from '../../audit/index.js';
import type { Primitive } from '../catalog/primitive.js';
import type { Principal } from '../authorization/principal.js';
import { Session } from '../sessions/session.js';
import { Call } from './call.js';
import { CallLog } from './call.log.js';
import type { Params } from '../messages/json-rpc.js';
import type { Operation } from './operation.js';

const principal = { key: 'alice', subject: 'alice' } as Principal;
const session = new Session('s', principal, 'streamable-http');
const entryWith = (isRecorded: boolean) =>
  ({ key: 'secret', audit: { isRecorded, redact: [], include: [] } }) as unknown as Primitive;

let records: AuditRecord[];
let lines: object[];
let log: CallLog;

beforeEach(() => {
  records = [];
  lines = [];
  const trail: AuditTrail = {
    isOn: true,
    write: (record) => void records.push(record),
    digest: (value) => JSON.stringify(value),
  };
  log = new CallLog(trail);
  Logger.overrideLogger({ log: (line: object) => lines.push(line), warn: () => {}, error: () => {} });
});
afterEach(() => Logger.overrideLogger(false));

const call = (id: string, params: Params = {}): Call =>
  new Call(
    { peer: session, principal, sink: session },
    { kind: 'request', id, method: 'tools/call', params },
    () => {
      throw new Error('not used');
    },
  );

it('a long request id is cut, in the log and in the record', () => {
  const operation = { kind: 'tool', primitive: entryWith(true) } as unknown as Operation;
  void log.ended(call('i'.repeat(1_000)), operation, 'ok', 0);
  const cut = { requestId: 'i'.repeat(64) };
  expect([...lines, ...records]).toMatchObject([cut, cut]);
});

it('a primitive without audit is not recorded for a caller who cannot see it either', () => {
  log.unknown(call('1'), 'tool', entryWith(false));
  expect(records).toEqual([]);
  log.unknown(call('2'), 'tool', entryWith(true));
  log.unknown(call('3'), 'tool');
  expect(records).toMatchObject([
    { requestId: '2', outcome: 'hidden', target: 'secret' },
    { requestId: '3', outcome: 'unknown', target: undefined },
  ]);
});

it.each([
  ['tool', { name: 'x', arguments: { a: 1 } }, { a: 1 }],
  ['tool', { name: 'x' }, {}],
  ['prompt', { name: 'x', arguments: { a: '1' } }, { a: '1' }],
  ['resource', { uri: 'a://b' }, { uri: 'a://b' }],
  ['completion', { argument: { name: 'city', value: 'Par' } }, { city: 'Par' }],
  [
    'completion',
    { argument: { name: 'city', value: 'Par' }, context: { arguments: { land: 'F' } } },
    { land: 'F', city: 'Par' },
  ],
] as const)('the recorded arguments of a %s: %j', (kind, params, expected) => {
  void log.ended(call('1', params), { kind, primitive: entryWith(true) }, 'ok', 0);
  expect(records).toMatchObject([{ argumentHash: JSON.stringify(expected) }]);
});
