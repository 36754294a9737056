import { VerificationGate } from './verification.gate.js';

const settled = () => new Promise(setImmediate);

it('verifies eight at a time; during the flood of one network another one gets its turn', async () => {
  const gate = new VerificationGate();
  const order: string[] = [];
  const leave: (() => void)[] = [];
  const come = async (network: string): Promise<void> => {
    leave.push(await gate.enter(network));
    order.push(network);
  };
  for (let at = 0; at < 100; at += 1) void come('flood');
  void come('alice');
  void come('bob');
  await settled();
  expect(order).toEqual(Array(8).fill('flood'));
  for (let at = 0; at < 3; at += 1) {
    leave.shift()!();
    await settled();
  }
  expect(order.slice(8)).toEqual(['flood', 'alice', 'bob']);
  while (leave.length > 0) {
    leave.shift()!();
    await settled();
  }
  expect(order).toHaveLength(102);
  // All slots are free again.
  for (let at = 0; at < 9; at += 1) void come('late');
  await settled();
  expect(order.filter((network) => network === 'late')).toHaveLength(8);
});
