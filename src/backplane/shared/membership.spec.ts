import { BEAT_TIMES, type BeatReport, type Beats } from '../beats.js';
import { Membership } from './membership.js';

const REPORT: BeatReport = {
  fenced: false,
  nodes: [],
  skewMs: 0,
  generation: 'g',
  generationAgeMs: BEAT_TIMES.goneMs,
};

it('takes absence for proof only as long as the engine answers its heartbeats', async () => {
  jest.useFakeTimers();
  const beats: Beats = { isLocal: false, beat: async () => REPORT, withdraw: async () => undefined };
  const membership = new Membership(beats, () => false);
  const proofs = (): unknown[] => [membership.isSteady, membership.stateOf('unknown')];
  expect(proofs()).toEqual([false, 'unsure']);
  await membership.beat();
  expect(proofs()).toEqual([true, 'gone']);
  jest.advanceTimersByTime(BEAT_TIMES.unsureMs);
  expect(proofs()).toEqual([true, 'gone']);
  jest.advanceTimersByTime(1);
  expect(proofs()).toEqual([false, 'unsure']);
});
