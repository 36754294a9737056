import { setImmediate as turn } from 'node:timers/promises';
import { type Change, ChangeFeed } from './change.feed.js';

const WINDOW_MS = 100;
let feed: ChangeFeed;
let emitted: Change[];
beforeEach(() => {
  feed = new ChangeFeed();
  emitted = [];
  feed.subscribe((change) => emitted.push(change));
});

it('emits the first change of a list in its turn, and a burst as a few', async () => {
  const begunAt = performance.now();
  feed.listChanged('tools');
  await turn();
  expect(emitted).toEqual([{ kind: 'list', list: 'tools' }]);
  for (let n = 0; n < 1_000; n += 1) {
    feed.listChanged('tools');
    await turn();
  }
  const before = emitted.length;
  expect(before).toBeLessThanOrEqual(2 + (performance.now() - begunAt) / WINDOW_MS);
  // The last one too.
  feed.listChanged('tools');
  while (emitted.length === before) await turn();
  for (const change of emitted) expect(change).toEqual({ kind: 'list', list: 'tools' });
});

it('emits the update of a resource after the changes of lists before it', async () => {
  feed.listChanged('resources');
  await turn();
  feed.listChanged('resources');
  feed.resourceUpdated('app://new');
  const list = { kind: 'list', list: 'resources' };
  expect(emitted).toEqual([list, list, { kind: 'resource', uri: 'app://new' }]);
});
