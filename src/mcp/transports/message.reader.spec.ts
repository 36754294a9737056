import type { CallLimiter } from '../gate/call.limiter.js';
import { FairTurns } from '../limits/fair-turns.js';
import { InFlightBudgets } from '../limits/in-flight.budgets.js';
import type { McpModuleOptions } from '../mcp.options.js';
import { MessageReader } from './message.reader.js';

const options = { bytesInFlight: 2 ** 26, callsInFlight: 1 } as McpModuleOptions;

it.each([
  ['many bytes', JSON.stringify('x'.repeat(100_000))],
  ['few bytes with many elements', `[${'{},'.repeat(4_000)}{}]`],
])('users take turns with messages of %s', async (_what, text) => {
  const budgets = new InFlightBudgets(options);
  const reader = new MessageReader({} as CallLimiter, budgets, new FairTurns(), options);
  const parsed: string[] = [];
  const parse = async (user: string): Promise<void> => {
    await reader.parse(Buffer.from(text), budgets.hold(user, text.length));
    parsed.push(user);
  };
  await Promise.all(['alice', 'alice', 'alice', 'bob'].map(parse));
  expect(parsed).toEqual(['alice', 'bob', 'alice', 'alice']);
});
