import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { type McpTool, Tool, type CallContext } from '../../src/mcp/index.js';
import { until } from './until.js';

/** A call that waits at the gate. */
export interface Held {
  readonly signal: AbortSignal;
  release(text: string): void;
}

/** Lets a test decide when a call continues. */
@Injectable()
export class Gate {
  private readonly calls = new Map<string, Held>();

  /** The call of this key, once it has arrived. */
  async held(key: string): Promise<Held> {
    await until(() => this.calls.has(key));
    return this.calls.get(key)!;
  }

  isHeld(key: string): boolean {
    return this.calls.has(key);
  }

  hold(key: string, signal: AbortSignal): Promise<string> {
    return new Promise((release) => this.calls.set(key, { signal, release }));
  }
}

const input = z.object({ key: z.string() });

/** Answers when the test releases it, and ignores its signal. */
@Tool({ name: 'wait', description: 'Waits.', input })
export class GateTool implements McpTool<typeof input> {
  constructor(private readonly gate: Gate) {}

  execute({ key }: z.infer<typeof input>, { signal }: CallContext): Promise<string> {
    return this.gate.hold(key, signal);
  }
}

@Tool({ name: 'impatient', description: 'Waits for 50 ms at most.', input, timeoutMs: 50 })
export class ImpatientTool implements McpTool<typeof input> {
  constructor(private readonly gate: Gate) {}

  execute({ key }: z.infer<typeof input>, { signal }: CallContext): Promise<string> {
    return this.gate.hold(key, signal);
  }
}

/** The providers of a module with waiting tools. */
export const GATED = [Gate, GateTool, ImpatientTool];
