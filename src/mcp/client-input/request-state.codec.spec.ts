import type { StateKey } from './state.key.js';
import { EncryptJWT } from 'jose';
import type { McpModuleOptions } from '../mcp.options.js';
import { ProtocolError } from '../messages/protocol.error.js';
import { type RequestState, RequestStateCodec } from './request-state.codec.js';
import { ToolError } from '../decorators/tool.error.js';

const INVALID_PARAMS = -32602;
const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'.split('');
const KEY = new Uint8Array(32).fill(7);
const MINE = { principal: 'alice', request: 'digest' };
const STATE: RequestState = {
  answers: { q1: { action: 'accept', content: { name: 'Ä\u2028' } } },
  asked: { name: ['q2', 'roots/list'] },
  steps: { a: [{ n: 1 }], b: [] },
};

const sealWith = ({ stateKey = KEY, ...options }: Partial<McpModuleOptions>): RequestStateCodec =>
  new RequestStateCodec(
    { inputTimeoutMs: 60_000, ...options } as McpModuleOptions,
    { get: () => stateKey } as StateKey,
  );
const seal = sealWith({});

/** The code of the error that decoding ends with; undefined: none. */
async function refusalOf(sealed: unknown, binding = MINE): Promise<number | undefined> {
  try {
    await seal.decode(sealed, binding);
    return undefined;
  } catch (error) {
    if (error instanceof ProtocolError) return error.code;
    throw error;
  }
}

/** A state of this size. */
function stateOf(bytes: number): RequestState {
  return { answers: {}, asked: {}, steps: { a: ['x'.repeat(bytes)] } };
}

describe('RequestStateCodec', () => {
  it('decodes what it encoded', async () => {
    const { expiresAt, ...state } = await seal.decode(await seal.encode(STATE, MINE), MINE);
    expect(state).toEqual(STATE);
    expect(expiresAt).toBeGreaterThan(Date.now() / 1000);
  });

  it('never encodes the same state alike', async () => {
    expect(await seal.encode(STATE, MINE)).not.toBe(await seal.encode(STATE, MINE));
  });

  it('keeps the given expiry', async () => {
    const end = Math.ceil(Date.now() / 1000) + 5;
    expect((await seal.decode(await seal.encode(STATE, MINE, end), MINE)).expiresAt).toBe(end);
  });

  it('decodes only for its principal and request, with its key, before its expiry', async () => {
    const sealed = await seal.encode(STATE, MINE);
    expect(await refusalOf(sealed, { ...MINE, principal: 'mallory' })).toBe(INVALID_PARAMS);
    expect(await refusalOf(sealed, { ...MINE, request: 'another' })).toBe(INVALID_PARAMS);
    expect(await refusalOf(await sealWith({ stateKey: new Uint8Array(32) }).encode(STATE, MINE))).toBe(
      INVALID_PARAMS,
    );
    expect(await refusalOf(await sealWith({ inputTimeoutMs: -2_000 }).encode(STATE, MINE))).toBe(
      INVALID_PARAMS,
    );
  });

  it('refuses a text with any one character changed', async () => {
    const sealed = await seal.encode(STATE, MINE);
    const changed = new Set<string>();
    for (let at = 0; at < sealed.length; at += 1) {
      for (const other of ['A', 'Q', '', ' ', '=', '.', `${sealed[at]}A`]) {
        changed.add(sealed.slice(0, at) + other + sealed.slice(at + 1));
      }
    }
    // Includes spellings that a lenient decoder maps to the same bytes.
    const parts = sealed.split('.');
    for (const [index, part] of parts.entries()) {
      for (const end of BASE64URL) changed.add(parts.with(index, part.slice(0, -1) + end).join('.'));
    }
    changed.delete(sealed);
    const opened: string[] = [];
    for (const text of changed) if ((await refusalOf(text)) !== INVALID_PARAMS) opened.push(text);
    expect(opened).toEqual([]);
  });

  it('refuses another kind of JWE with its key', async () => {
    const claims = { answers: {}, asked: {}, steps: {} };
    const make = () => new EncryptJWT(claims).setSubject('alice').setAudience('digest');
    expect(
      await refusalOf(await make().setProtectedHeader({ alg: 'dir', enc: 'A256GCM' }).encrypt(KEY)),
    ).toBe(INVALID_PARAMS);
    expect(
      await refusalOf(
        await make()
          .setExpirationTime('1m')
          .setProtectedHeader({ alg: 'A256GCMKW', enc: 'A256GCM' })
          .encrypt(KEY),
      ),
    ).toBe(INVALID_PARAMS);
  });

  it.each([undefined, null, 1, {}, '', 'text', '....', 'a.b.c'])('refuses %j', async (sealed) => {
    expect(await refusalOf(sealed)).toBe(INVALID_PARAMS);
  });

  it('encodes at most 64 KiB', async () => {
    const most = await seal.encode(stateOf(48_900), MINE);
    expect(most.length).toBeLessThanOrEqual(65_536);
    expect((await seal.decode(most, MINE)).steps['a']).toEqual(['x'.repeat(48_900)]);
    await expect(seal.encode(stateOf(49_200), MINE)).rejects.toThrow(ToolError);
  });
});
