import type { RecordStore, ReplayLog, SlotCounter } from '../../backplane/index.js';
import type { McpModuleOptions } from '../mcp.options.js';
import type { Principal } from '../authorization/principal.js';
import { RefusedError } from '../messages/refused.error.js';
import { Session } from './session.js';
import { SessionStore } from './session.store.js';

const alice = { key: 'alice' } as Principal;
const session = (id: string): Session => new Session(id, alice, 'http-sse');

/** Ports that forget everything on demand, as a backplane that was restarted has. */
class ForgetfulPorts implements RecordStore, ReplayLog, SlotCounter {
  readonly kept = new Map<string, unknown>();
  readonly holders = new Set<string>();

  async put(key: string, record: Readonly<Record<string, unknown>>): Promise<void> {
    this.kept.set(key, record);
  }
  async get(key: string): Promise<Readonly<Record<string, unknown>> | undefined> {
    return this.kept.get(key) as Readonly<Record<string, unknown>> | undefined;
  }
  async extend(key: string): Promise<boolean> {
    return this.kept.has(key);
  }
  async delete(key: string): Promise<boolean> {
    return this.kept.delete(key);
  }
  async append(key: string): Promise<number> {
    this.kept.set(`replay:${key}`, []);
    return 0;
  }
  async after(): Promise<undefined> {}
  async drop(key: string): Promise<void> {
    this.kept.delete(`replay:${key}`);
  }
  async acquire(_key: string, holder: string, limit: number): Promise<boolean> {
    if (this.holders.size >= limit) return false;
    this.holders.add(holder);
    return true;
  }
  async renew(_key: string, holder: string): Promise<boolean> {
    return this.holders.has(holder);
  }
  async release(_key: string, holder: string): Promise<void> {
    this.holders.delete(holder);
  }
  async count(): Promise<number> {
    return this.holders.size;
  }
  forget(): void {
    this.kept.clear();
    this.holders.clear();
  }
}

function ledgerOver(ports: ForgetfulPorts): SessionStore {
  return new SessionStore(ports, ports, ports, { sessionsPerPrincipal: 2 } as McpModuleOptions);
}

describe('SessionLedger', () => {
  it('leaves no record of a session that was refused', async () => {
    const ports = new ForgetfulPorts();
    const ledger = ledgerOver(ports);
    await ledger.enter(session('a'));
    await ledger.enter(session('b'));
    await expect(ledger.enter(session('c'))).rejects.toBeInstanceOf(RefusedError);
    expect([...ports.kept.keys()]).toEqual(['session:a', 'session:b']);
  });

  it('leaves nothing behind', async () => {
    const ports = new ForgetfulPorts();
    const ledger = ledgerOver(ports);
    await ledger.enter(session('a'));
    await ports.append('a');
    await ledger.leave(session('a'));
    expect(ports.kept.size + ports.holders.size).toBe(0);
  });

  it('registers a live session again when the backplane has forgotten it', async () => {
    const ports = new ForgetfulPorts();
    const ledger = ledgerOver(ports);
    for (const id of ['a', 'b']) await ledger.enter(session(id));
    ports.forget();
    for (const id of ['a', 'b']) await ledger.renew(session(id));
    expect([...ports.kept.keys()]).toEqual(['session:a', 'session:b']);
    expect(ports.holders.size).toBe(2);
  });
});
