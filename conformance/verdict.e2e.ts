import { judge, table } from './verdict.ts';

const suite = {
  name: 'a run',
  program: '',
  args: [],
  overSse: false,
  scored: 2,
  required: ['one', 'two'],
  excused: [{ scenario: 'extra', reason: 'not ours' }],
};
const passed = (scenario: string) => ({ scenario, passed: true, complaints: [] });
const failed = (scenario: string) => ({ scenario, passed: false, complaints: ['failure x: no'] });

describe('the verdict on a run of the conformance suite', () => {
  it('finds nothing where all pass but what is excused', () => {
    const verdict = judge(suite, [passed('one'), passed('two'), failed('extra')]);

    expect(verdict).toMatchObject({ score: '2 of 2', problems: [] });
    expect(table([verdict])).toContain('| extra    | excused |');
  });

  it.each([
    ['a failure, scored or not', [passed('one'), passed('two'), failed('extra'), failed('other')], 'other'],
    ['a scenario that was not run', [passed('one'), failed('extra')], 'two: the suite did not run it'],
    ['an excuse for nothing', [passed('one'), passed('two')], 'extra: the suite did not run it'],
  ])('finds %s', (_what, outcomes, problem) => {
    const { problems } = judge(suite, outcomes);

    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(problem);
  });

  it.each([
    ['a shorter list of the suite', { ...suite, required: ['one'], excused: [] }],
    ['fewer scenarios, where the suite has no list', { ...suite, required: undefined, excused: [] }],
  ])('finds %s', (_what, shorter) => {
    expect(judge(shorter, [passed('one')]).problems).toEqual([
      'the suite scores 1 scenarios where 2 are expected',
    ]);
  });
});
