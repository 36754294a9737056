import { CompletionOperation, type CompletionTarget } from './completion.handlers.js';

const request = { name: 'city', value: 'P', others: {} };
const operationOf = (timeoutMs?: number) =>
  new CompletionOperation({ primitive: { key: 'k', timeoutMs } } as CompletionTarget, request);

it.each([
  [undefined, 5_000],
  [60_000, 5_000],
  [100, 100],
])('a primitive whose time is %s has %d ms to suggest something', (own, timeoutMs) => {
  expect(operationOf(own).timeoutMs).toBe(timeoutMs);
});
