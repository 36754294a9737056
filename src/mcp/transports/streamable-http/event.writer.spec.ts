import { BackplaneUnavailable, type StoredEvent } from '../../../backplane/index.js';
import { EventWriter, unbroken } from './event.writer.js';

const event = (number: number, data = 'x', suffix = ''): StoredEvent => ({
  id: `reply-1.tag.${number}${suffix}`,
  stream: 'reply-1',
  data,
});
const numbers = (events: readonly StoredEvent[] | undefined) => events?.map(({ id }) => id.split('.')[2]);

/** A store that accepts no events while it is unavailable. */
class Store {
  readonly stored: StoredEvent[] = [];
  private onStored = (): void => undefined;
  readonly lost: unknown[] = [];
  error: Error | undefined;

  /** Waits until it holds this number of events. */
  async holds(count: number): Promise<void> {
    while (this.stored.length < count) await new Promise<void>((resolve) => (this.onStored = resolve));
  }

  readonly writer = new EventWriter({
    logKey: 'session',
    onLost: (error) => this.lost.push(error),
    log: {
      append: async (_key, entry) => {
        if (this.error !== undefined) throw this.error;
        this.stored.push(entry);
        this.onStored();
        return 0;
      },
      after: async () => undefined,
      drop: async () => undefined,
    },
  });
}

describe('the events of a stream', () => {
  it('are stored in order, and those that the store did not take as soon as it does', async () => {
    const store = new Store();
    store.writer.append(event(1));
    await store.writer.settled();
    store.error = new BackplaneUnavailable('connection lost');
    for (const number of [2, 3]) store.writer.append(event(number));
    await store.writer.settled();
    store.writer.append(event(4, '', '.end'));
    expect(numbers(store.stored)).toEqual(['1']);
    store.error = undefined;
    await store.holds(4);
    expect(numbers(store.stored)).toEqual(['1', '2', '3', '4']);
    expect(store.lost).toHaveLength(1);
    store.writer.append(event(5));
    await store.writer.settled();
    expect(store.stored).toHaveLength(5);
  });

  it('are dropped where they exceed what is kept, except the end', async () => {
    const store = new Store();
    store.error = new BackplaneUnavailable('oom');
    store.writer.append(event(1, 'x'.repeat(60_000)));
    await store.writer.settled();
    store.writer.append(event(2, 'x'.repeat(60_000)));
    store.writer.append(event(3, '', '.end'));
    store.error = undefined;
    await store.holds(2);
    expect(numbers(store.stored)).toEqual(['2', '3']);
  });

  it('are not tried again after another failure, nor once the session has ended', async () => {
    for (const spoil of [
      (store: Store) => (store.error = new Error('a mistake')),
      (store: Store) => {
        store.error = new BackplaneUnavailable('connection lost');
        store.writer.stop();
      },
    ]) {
      const store = new Store();
      spoil(store);
      store.writer.append(event(1));
      await store.writer.settled();
      expect([store.lost.length, store.writer.isBusy]).toEqual([1, false]);
    }
  });

  it('are read without repetition, and a gap is found', () => {
    const { id } = event(1);
    expect(
      numbers(
        unbroken(
          id,
          [2, 3].map((number) => event(number)),
        ),
      ),
    ).toEqual(['2', '3']);
    expect(
      numbers(
        unbroken(
          id,
          [1, 2, 2, 3].map((number) => event(number)),
        ),
      ),
    ).toEqual(['2', '3']);
    expect(unbroken(id, [event(3)])).toBeUndefined();
    expect(unbroken(id, [event(2), event(4, '', '.end')])).toBeUndefined();
    // Another node has written the end.
    const other = { ...event(1), id: 'reply-1.other.1.end' };
    expect(unbroken(id, [event(2), other])).toHaveLength(2);
  });
});
