import { setTimeout as sleep } from 'node:timers/promises';
import { McpEndpoint } from '../../support/mcp-endpoint.js';
import { RawSession } from '../../support/raw-session.js';
import { until } from '../../support/until.js';
import { ask, askOnStream, askResuming, askStateless } from './asking.js';
import type { Asked, Heard } from './history.js';

/** How many clients of each kind call one time after the other. */
export interface Clients {
  /** Of 2025-11-25, each in a session of its own. */
  readonly sessions?: number;
  /** The same: each loses its connection during each call, and resumes its stream. */
  readonly resuming?: number;
  /** Of 2024-11-05: sessions whose streams are held by the test. */
  readonly streams?: readonly RawSession[];
  /** Of 2026-07-28. */
  readonly stateless?: number;
}

type Call = (heard: Heard[]) => Promise<Asked>;

/** Between two calls of a client. Test files share the processor: a load without pauses would only slow the others down. */
const PAUSE_MS = 15;
const STEPS = 3;

/** Clients that call the tool `journal` until they are stopped, and all that they saw. */
export class Load {
  readonly asked: Asked[] = [];
  readonly heard: Heard[] = [];
  private readonly answers = new Map<Call, number>();
  private readonly stopping = new AbortController();
  private readonly running: Promise<unknown>;

  private constructor(
    readonly endpoints: readonly McpEndpoint[],
    calls: readonly Call[],
  ) {
    this.running = Promise.all(calls.map((call) => this.repeat(call)));
  }

  static async start(url: string, token: string, clients: Clients): Promise<Load> {
    const { sessions = 0, resuming = 0, streams = [], stateless = 0 } = clients;
    const opening = Array.from({ length: sessions + resuming }, () => open(url, token));
    const endpoints = await Promise.all(opening);
    return new Load(endpoints, [
      ...endpoints.slice(0, sessions).map(
        (endpoint): Call =>
          (heard) =>
            ask(endpoint, { ms: 5, heard }),
      ),
      ...endpoints.slice(sessions).map(
        (endpoint): Call =>
          (heard) =>
            askResuming(endpoint, { ms: 30, steps: STEPS, heard }),
      ),
      ...streams.map(
        (session): Call =>
          (heard) =>
            askOnStream(url, session, token, { ms: 5, steps: STEPS, heard }),
      ),
      ...Array.from({ length: stateless }, (): Call => () => askStateless(url, token, { ms: 5 })),
    ]);
  }

  /** How many calls were answered so far. */
  get answered(): number {
    return [...this.answers.values()].reduce((sum, times) => sum + times, 0);
  }

  /** How many calls that client was answered which was answered least. */
  get least(): number {
    return Math.min(...this.answers.values());
  }

  async stop(): Promise<{ readonly asked: readonly Asked[]; readonly heard: readonly Heard[] }> {
    this.stopping.abort();
    await this.running;
    return this;
  }

  private async repeat(call: Call): Promise<void> {
    this.answers.set(call, 0);
    while (!this.stopping.signal.aborted) {
      const asked = await call(this.heard);
      this.asked.push(asked);
      if (asked.status === 200) this.answers.set(call, this.answers.get(call)! + 1);
      await sleep(PAUSE_MS);
    }
  }
}

/** A client whose session was refused tries again: Redis may just have come back. */
async function open(url: string, token: string): Promise<McpEndpoint> {
  let endpoint: McpEndpoint | undefined;
  await until(async () => (endpoint = await McpEndpoint.open(url, token)).sessionId !== undefined);
  return endpoint!;
}
