import { z } from 'zod';
import { describeIssues, validateArguments } from './argument-issues.js';

/** Counts how often it looks at an element. */
function counting() {
  const looked = { times: 0 };
  const item = z.preprocess((value) => {
    looked.times += 1;
    return value;
  }, z.string());
  return { looked, schema: z.object({ list: z.array(item) }) };
}

const wrong = (count: number) => ({ list: Array<number>(count).fill(1) });

it('finds all that is wrong with a few elements', async () => {
  const { schema } = counting();
  const { issues } = await validateArguments(schema, wrong(50));
  expect(issues).toHaveLength(50);
});

it('stops at the first wrong one of many', async () => {
  const { looked, schema } = counting();
  const { issues } = await validateArguments(schema, wrong(9_000));
  expect(issues).toEqual([expect.objectContaining({ path: ['list', 0] })]);
  expect(looked.times).toBe(1);
});

it('stops in the first wrong object of a list, whatever all of them lack', async () => {
  let made = 0;
  const error = () => `issue ${(made += 1)}`;
  const item = z.object(
    Object.fromEntries(Array.from({ length: 50 }, (_, at) => [`k${at}`, z.string({ error })])),
  );
  const rows = Array.from({ length: 9_000 }, () => ({}));
  const { issues } = await validateArguments(z.object({ rows: z.array(item) }), { rows });
  expect([issues, made]).toEqual([[expect.objectContaining({ path: ['rows', 0, 'k0'] })], 1]);
});

it('takes a large value that is right, as its schema makes it', async () => {
  const schema = z.object({ list: z.array(z.coerce.number()), more: z.string().default('more') });
  const validation = await validateArguments(schema, { list: Array<string>(9_000).fill('1') });
  expect(validation).toEqual({ value: { list: Array<number>(9_000).fill(1), more: 'more' } });
});

it.each([
  ['that waits', async (text: string) => Promise.resolve(text.length < 3)],
  [
    'that breaks',
    () => {
      throw new Error('broken');
    },
  ],
])('leaves a check to its schema, large or small, %s', async (_what, check) => {
  const schema = z.object({ list: z.array(z.string().refine(check)) });
  const outcomeOf = async (count: number) =>
    Promise.resolve(validateArguments(schema, { list: Array<string>(count).fill('long') })).then(
      ({ issues }) => issues?.[0]?.path,
      (error: Error) => error.message,
    );
  expect(await outcomeOf(500)).toEqual(await outcomeOf(2));
});

describe('the text', () => {
  it('has twenty issues at most, and how many more there are', () => {
    const issues = Array.from({ length: 30 }, (_, at) => ({ path: ['list', at], message: 'no' }));
    expect(describeIssues(issues).split('; ')).toEqual([
      ...Array.from({ length: 20 }, (_, at) => `list.${at}: no`),
      'and 10 more',
    ]);
  });

  it('is short, however long keys and messages are, and however deep it is', () => {
    const { error } = z.strictObject({}).safeParse({ ['k'.repeat(100_000)]: 1 });
    const path = Array<string>(5_000).fill('p'.repeat(1_000));
    const text = describeIssues([...error!.issues, { path, message: 'no' }]);
    expect(text).toMatch(/^\(arguments\): Unrecognized key: "k+…; (p{64}….){16}…: no$/);
    expect(text.length).toBeLessThan(2_000);
  });
});
