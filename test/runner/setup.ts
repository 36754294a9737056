import { ModernFakeTimers } from '@jest/fake-timers';
import { ConsoleLogger, Logger } from '@nestjs/common';
import { addEventHandler } from 'jest-circus';

/** Time limit of a test. High, since a busy machine is slow. */
const TIMEOUT_MS = 120_000;

/** The used members of jest-circus's `describe` block. */
interface Block {
  readonly children: { fn?: Step }[];
  readonly hooks: { type: string; fn: Step; parent: Block }[];
}
interface CircusEvent {
  readonly name: string;
  readonly timeout?: number;
  readonly asyncError?: Error;
}
type Step = (...args: never[]) => unknown;

const { setTimeout, clearTimeout } = globalThis;
const environment = { ...process.env };
const fakeTimers = new ModernFakeTimers({
  config: { fakeTimers: { enableGlobally: true } } as never,
  global: globalThis,
});

// The runner offers only some functions of Jest's timers.
Object.assign(globalThis.jest, {
  advanceTimersByTimeAsync: (ms: number) => fakeTimers.advanceTimersByTimeAsync(ms),
  getTimerCount: () => fakeTimers.getTimerCount(),
  useFakeTimers: (options?: object) => fakeTimers.useFakeTimers(options as never),
  useRealTimers: () => fakeTimers.useRealTimers(),
  setSystemTime: (now: number | Date) => fakeTimers.setSystemTime(now),
  advanceTimersByTime: (ms: number) => fakeTimers.advanceTimersByTime(ms),
});

/** Hooks at the top of modules that several test files import. A module is evaluated once for all files of a worker. */
const sharedHooks: Block['hooks'] = [];
let root: Block | undefined;

/** The runner has no time limits, and every file of a worker has the same global objects. */
function prepare(event: CircusEvent, state: { rootDescribeBlock: Block; currentDescribeBlock: Block }): void {
  if (event.name !== 'add_test' && event.name !== 'add_hook') return;
  if (root !== state.rootDescribeBlock) startFile((root = state.rootDescribeBlock));
  const { children, hooks } = state.currentDescribeBlock;
  const added = event.name === 'add_test' ? children.at(-1)! : hooks.at(-1)!;
  if (added.fn !== undefined) added.fn = limited(added.fn, event.timeout ?? TIMEOUT_MS);
  if (event.name === 'add_hook' && isShared(event.asyncError)) sharedHooks.push(hooks.at(-1)!);
}

function startFile(block: Block): void {
  fakeTimers.useRealTimers();
  globalThis.jest.restoreAllMocks();
  Logger.overrideLogger(new ConsoleLogger());
  Logger.overrideLogger(['verbose', 'debug', 'log', 'warn', 'error', 'fatal']);
  for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name];
  Object.assign(process.env, environment);
  block.hooks.unshift(...sharedHooks.map((hook) => ({ ...hook, parent: block })));
}

/** Whether the hook was added outside a test file. */
function isShared(at: Error | undefined): boolean {
  return at?.stack !== undefined && !/\.(spec|e2e|contract)\.ts/.test(at.stack);
}

function limited(step: Step, ms: number): Step {
  if (step.length > 0) return step;
  return async () => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`Not done within ${ms} ms`)), ms);
    });
    try {
      await Promise.race([step(), late]);
    } finally {
      clearTimeout(timer);
    }
  };
}

addEventHandler(prepare as never);
