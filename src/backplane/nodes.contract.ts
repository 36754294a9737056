import { BackplaneUnavailable } from './backplane-unavailable.error.js';
import { contractNodes, type MakeNodes } from './fixtures/contract-nodes.fixture.js';
import { MailError } from './shared/mail.error.js';
import { until } from './fixtures/until.fixture.js';

const problemOf = (asked: Promise<unknown>): Promise<unknown> =>
  asked.then(
    () => 'answered',
    (error: unknown) => (error instanceof MailError ? error.problem : error),
  );

/** The requirements on messages between nodes over every engine. `make` creates started nodes. */
export function nodesContract(name: string, make: MakeNodes): void {
  const { nodesOf, join } = contractNodes(make);

  describe(`${name}: mail`, () => {
    it('is answered by the node that it is for', async () => {
      const [a, b, c] = await nodesOf(3);
      for (const { node } of [b, c]) {
        node.mail.on('greet', (body, from) => ({ body, from, by: node.membership.self }));
      }
      const { self } = a.node.membership;
      for (const { node } of [b, c]) {
        const by = node.membership.self;
        expect(await a.node.mail.ask(by, 'greet', { n: [1, 'zwei'] })).toEqual({
          body: { n: [1, 'zwei'] },
          from: self,
          by,
        });
      }
      expect(await b.node.mail.ask(b.node.membership.self, 'greet', 1)).toMatchObject({ body: 1 });
    });

    it('carries large bodies', async () => {
      const [a, b] = await nodesOf(2);
      b.node.mail.on('echo', (body) => body);
      const text = 'ü'.repeat(200_000);
      expect(await a.node.mail.ask(b.node.membership.self, 'echo', { text })).toEqual({ text });
    });

    it('is run once though it is sent twice', async () => {
      const [a, b] = await nodesOf(2);
      const heard: unknown[] = [];
      b.node.mail.on('count', (body) => heard.push(body));
      const append = a.engine.logs.append.bind(a.engine.logs);
      a.engine.logs.append = async (...args) => {
        await append(...args);
        return append(...args);
      };
      expect(await a.node.mail.ask(b.node.membership.self, 'count', 'x')).toBe(1);
      await a.node.mail.tell(b.node.membership.self, 'count', 'y');
      await a.node.mail.ask(b.node.membership.self, 'count', 'z');
      expect(heard).toEqual(['x', 'y', 'z']);
    });

    it('is not run after its expiry', async () => {
      const [a, b] = await nodesOf(2);
      const heard: unknown[] = [];
      b.node.mail.on('late', (body) => heard.push(body));
      const append = a.engine.logs.append.bind(a.engine.logs);
      const { promise: released, resolve: release } = Promise.withResolvers<void>();
      a.engine.logs.append = async (log, fields, bound) => {
        if (fields['b'] === '"late"') await released;
        return append(log, fields, bound);
      };
      expect(await problemOf(a.node.mail.ask(b.node.membership.self, 'late', 'late', 50))).toBe('timeout');
      release();
      await a.node.mail.ask(b.node.membership.self, 'late', 'in time');
      expect(heard).toEqual(['in time']);
    });

    it('says whether a handler failed, is missing or is too slow', async () => {
      const [a, b] = await nodesOf(2);
      const to = b.node.membership.self;
      b.node.mail.on('fail', () => {
        throw new Error('on purpose');
      });
      b.node.mail.on('never', () => new Promise(() => undefined));
      expect(await problemOf(a.node.mail.ask(to, 'fail', null))).toBe('failed');
      expect(await problemOf(a.node.mail.ask(to, 'unknown', null))).toBe('unsupported');
      expect(await problemOf(a.node.mail.ask(to, 'never', null, 50))).toBe('timeout');
      b.node.mail.on('works', () => 'still');
      expect(await a.node.mail.ask(to, 'works', null)).toBe('still');
    });

    it('reports a node that has stopped, and one that never existed, as gone', async () => {
      const [a, b] = await nodesOf(2);
      await until(async () => a.node.membership.isSteady);
      await b.node.stop();
      await a.node.membership.beat();
      expect(await problemOf(a.node.mail.ask(b.node.membership.self, 'greet', null))).toBe('gone');
      await until(async () => (await problemOf(a.node.mail.ask('no-node', 'greet', null))) === 'gone');
    });

    it('reaches a node that has just joined', async () => {
      const [a] = await nodesOf(1);
      await until(async () => a.node.bus.isLive);
      const late = await join(a.engine);
      expect(await a.node.membership.check(late.membership.self)).toBe('alive');
    });
  });

  describe(`${name}: bus`, () => {
    it('tells all nodes, the sender among them, in one order', async () => {
      const nodes = await nodesOf(3);
      const heard = nodes.map(({ node }) => {
        const list: unknown[] = [];
        node.bus.on('topic', (body) => list.push(body));
        return list;
      });
      await Promise.all(nodes.map(({ node }, at) => node.bus.publish('topic', { at })));
      await nodes[0].node.bus.publish('other', 'not heard');
      await until(async () => heard.every(({ length }) => length === 3));
      expect(heard[1]).toEqual(heard[0]);
      expect(heard[2]).toEqual(heard[0]);
      await until(async () => nodes.every(({ node }) => node.bus.isLive));
    });

    it('gives what came after a message, also to a node that has forgotten it', async () => {
      const [a, b] = await nodesOf(2);
      const offset = await a.node.bus.publish('topic', 0);
      for (let n = 1; n <= 2_500; n += 1) void a.node.bus.publish('topic', n);
      const last = await a.node.bus.publish('topic', 'last');
      await until(async () => b.node.bus.newest === last);
      const since = await b.node.bus.since(offset);
      expect(since).toHaveLength(2_501);
      expect(since![0]).toMatchObject({ topic: 'topic', body: 1 });
      expect(await b.node.bus.since(last)).toEqual([]);
      expect(await b.node.bus.since('1-1')).toBeUndefined();
    });

    it('skips an entry that is no message', async () => {
      const [a, b] = await nodesOf(2);
      const heard: unknown[] = [];
      b.node.bus.on('topic', (body) => heard.push(body));
      const bound = { entries: 10, ttlMs: 60_000 };
      for (const m of ['{', '']) await a.engine.logs.append('bus', { t: 'topic', m }, bound);
      await a.engine.logs.append('bus', { other: '1' }, bound);
      await a.node.bus.publish('topic', 'whole');
      await until(async () => heard.length === 1);
      expect(heard).toEqual(['whole']);
    });

    it('goes on when a handler throws', async () => {
      const [a, b] = await nodesOf(2);
      const heard: unknown[] = [];
      b.node.bus.on('topic', () => {
        throw new Error('on purpose');
      });
      b.node.bus.on('topic', (body) => heard.push(body));
      await a.node.bus.publish('topic', 1);
      await a.node.bus.publish('topic', 2);
      await until(async () => heard.length === 2);
    });

    it('tells of a message that the engine has lost', async () => {
      const [a, b] = await nodesOf(2);
      let gaps = 0;
      const heard: unknown[] = [];
      b.node.bus.on('topic', (body) => heard.push(body));
      b.node.bus.onGap(() => (gaps += 1));
      await a.node.bus.publish('topic', 1);
      const append = a.engine.logs.append.bind(a.engine.logs);
      a.engine.logs.append = async () => 'lost';
      await a.node.bus.publish('topic', 2);
      a.engine.logs.append = append;
      await a.node.bus.publish('topic', 3);
      await until(async () => heard.length === 2);
      expect([heard, gaps]).toEqual([[1, 3], 1]);
    });
  });

  describe(`${name}: membership`, () => {
    it('counts a silent node as gone, and tells it on its return', async () => {
      const [a, b] = await nodesOf(2);
      const events: string[] = [];
      a.node.membership.on('gone', (node) => events.push(node));
      b.node.membership.on('fenced', () => events.push('fenced'));
      const beat = b.engine.beats.beat.bind(b.engine.beats);
      b.engine.beats.beat = () => Promise.reject(new BackplaneUnavailable('on purpose'));
      await until(async () => events.length === 1);
      expect(events).toEqual([b.node.membership.self]);
      expect(await problemOf(a.node.mail.ask(b.node.membership.self, 'greet', null))).toBe('gone');
      b.engine.beats.beat = beat;
      await until(async () => events.includes('fenced'));
    });
  });
}
