import type { Logs } from '../logs.js';
import type { ReplayEntry, ReplayLog } from '../replay-log.js';

/** As much as one node keeps in its memory, and room for the names of the entries. */
const BOUND = { entries: 256, characters: 2 ** 20 + 2 ** 14, ttlMs: 600_000 };

/** {@link ReplayLog} over the logs that all nodes share; it keeps nothing in the memory of this process. */
export class SharedReplayLog implements ReplayLog {
  constructor(private readonly logs: Logs) {}

  async append(key: string, { id, stream, data }: ReplayEntry): Promise<number> {
    await this.logs.append(logOf(key), { i: id, s: stream, d: data }, BOUND);
    return 0;
  }

  async after(key: string, id: string): Promise<readonly ReplayEntry[] | undefined> {
    const kept = (await this.logs.after(logOf(key), undefined, BOUND.entries)) ?? [];
    const entries = kept.map(({ fields }) => ({
      id: fields['i']!,
      stream: fields['s']!,
      data: fields['d']!,
    }));
    const at = entries.findIndex((entry) => entry.id === id);
    if (at === -1) return undefined;
    const { stream } = entries[at]!;
    return entries.slice(at + 1).filter((entry) => entry.stream === stream);
  }

  drop(key: string): Promise<void> {
    return this.logs.drop(logOf(key));
  }
}

function logOf(key: string): string {
  return `replay:${key}`;
}
