/** A child process that answers questions over IPC, one answer for each. */
import { type ChildProcess, spawn, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { pinning } from './cores.ts';

export interface Question {
  readonly id: number;
  readonly command: string;
  readonly argument?: unknown;
}

export interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

export interface ChildOptions {
  /** Node's options, the program and its arguments. */
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cores: string | undefined;
  readonly stdout: 'inherit' | 'ignore' | number;
  readonly ipc: boolean;
}

const STOP_MS = 3_000;

export class Child {
  private readonly waiting = new Map<number, (answer: Answer) => void>();
  private readonly process: ChildProcess;
  private asked = 0;
  private stopping = false;

  constructor({ args, env, cores, stdout, ipc }: ChildOptions) {
    const [command, ...prefix] = pinning(cores);
    const stdio: StdioOptions = ['ignore', stdout, 'inherit', ...(ipc ? (['ipc'] as const) : [])];
    this.process = spawn(command, [...prefix, ...args], { env, stdio });
    this.process.on('message', (answer: Answer) => {
      this.waiting.get(answer.id)?.(answer);
      this.waiting.delete(answer.id);
    });
    this.process.on('exit', (code, signal) => {
      const error = `${args.at(-1)} ended (${code ?? signal})`;
      for (const [id, answer] of this.waiting) answer({ id, error });
      this.waiting.clear();
      if (!this.stopping) process.exitCode = 1;
    });
  }

  get ended(): boolean {
    return this.process.exitCode !== null || this.process.signalCode !== null;
  }

  ask<T>(command: string, argument?: unknown): Promise<T> {
    const id = (this.asked += 1);
    return new Promise<T>((resolve, reject) => {
      if (this.ended) return reject(new Error('The process has ended'));
      this.waiting.set(id, ({ value, error }) => {
        if (error === undefined) resolve(value as T);
        else reject(new Error(error));
      });
      this.process.send({ id, command, argument } satisfies Question);
    });
  }

  async stop(): Promise<void> {
    this.stopping = true;
    if (this.ended) return;
    const ended = once(this.process, 'exit');
    if (this.process.connected) this.process.disconnect();
    this.process.kill('SIGTERM');
    const kill = setTimeout(() => this.process.kill('SIGKILL'), STOP_MS);
    await ended;
    clearTimeout(kill);
  }
}
