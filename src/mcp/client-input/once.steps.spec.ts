import { OnceSteps } from './once.steps.js';

describe('OnceSteps', () => {
  it('runs a step once, also while it is in progress', async () => {
    const steps = new OnceSteps();
    let runs = 0;
    const step = () => Promise.resolve((runs += 1));
    expect(await Promise.all([steps.run('a', step), steps.run('a', step)])).toEqual([1, 1]);
    expect(await steps.run('a', () => 'other')).toBe(1);
    expect(await steps.run('b', step)).toBe(2);
  });

  it('resolves with the JSON value, a new copy each time', async () => {
    const steps = new OnceSteps();
    const made = { at: new Date(0), nothing: undefined, list: [1] };
    const first = await steps.run<unknown>('a', () => made);
    expect(first).toEqual({ at: '1970-01-01T00:00:00.000Z', list: [1] });
    (first as { list: number[] }).list.push(2);
    expect(await steps.run('a', () => made)).toEqual({ at: '1970-01-01T00:00:00.000Z', list: [1] });
    expect(await steps.run('none', () => undefined)).toBeUndefined();
    expect(await steps.run('null', () => null)).toBeNull();
  });

  it('restores its results', async () => {
    const steps = new OnceSteps();
    const results = [{ a: [1] }, null, undefined, 'text', 0, false];
    for (const [index, result] of results.entries()) await steps.run(`step-${index}`, () => result);
    const later = new OnceSteps();
    const travelled = JSON.parse(JSON.stringify([...(await steps.settled())])) as [string, []][];
    for (const [key, result] of travelled) later.keep(key, result);
    for (const [index, result] of results.entries()) {
      expect(await later.run<unknown>(`step-${index}`, () => 'again')).toEqual(result);
    }
  });

  it('runs a failed step again', async () => {
    const steps = new OnceSteps();
    await expect(steps.run('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await expect(steps.run('b', () => ({ n: 1n }))).rejects.toThrow(TypeError);
    expect(await steps.settled()).toEqual(new Map());
    expect(await steps.run('a', () => 'now')).toBe('now');
  });

  it('waits for steps in progress', async () => {
    const steps = new OnceSteps();
    const { promise, resolve } = Promise.withResolvers<string>();
    void steps.run('a', () => promise);
    setImmediate(resolve, 'done');
    expect(await steps.settled()).toEqual(new Map([['a', ['done']]]));
  });
});
