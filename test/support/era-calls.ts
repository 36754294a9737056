import type { EraClient, Params, Underway } from './eras/index.js';
import type { Gate } from './gate.tool.js';
import type { Reply } from './raw-session.js';

/** Requests of a client of one era, each under an id of its own. `client` and `gate` exist once the test has begun. */
export class EraCalls {
  private serial = 0;

  constructor(
    private readonly client: () => EraClient,
    private readonly gate: () => Gate,
    private readonly revision: string,
  ) {}

  readonly call = (name: string, args: Params = {}, by = this.client()): Promise<Reply> =>
    by.request(this.next('call'), 'tools/call', { name, arguments: args });

  /** The names of the tools that the client may see. */
  readonly names = async (by = this.client()): Promise<string[]> => {
    const { result } = await by.request(this.next('list'), 'tools/list');
    return (result!['tools'] as { name: string }[]).map(({ name }) => name);
  };

  /** Begins a call that waits at the gate, under a key of its own, which is also its id and its progress token. */
  readonly hold = async (
    name: 'wait' | 'announced',
    by = this.client(),
  ): Promise<{ underway: Underway; key: string; held: Awaited<ReturnType<Gate['held']>> }> => {
    const key = this.next(this.revision);
    const params = { name, arguments: { key }, _meta: { progressToken: key } };
    const underway = by.begin(key, 'tools/call', params);
    return { underway, key, held: await this.gate().held(key) };
  };

  private next(what: string): string {
    return `${what} ${(this.serial += 1)}`;
  }
}
