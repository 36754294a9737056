import { jwtVerify, SignJWT } from 'jose';
import { refusedFrom } from './clock.js';

const KEY = new Uint8Array(32).fill(7);

it.each([
  [1_000_000, 5],
  [1_000_000.001, 5],
  [1_000_000.5, 1.5],
  [1_000_000.999, 0],
])(
  'a token that ends at %d, by a clock that may be off by %d s, is accepted until the deny list may forget it, and refused from then on',
  async (exp, tolerance) => {
    const token = await new SignJWT({ exp }).setProtectedHeader({ alg: 'HS256' }).sign(KEY);
    const isAcceptedAt = (ms: number): Promise<boolean> =>
      jwtVerify(token, KEY, {
        clockTolerance: tolerance,
        currentDate: new Date(ms),
      }).then(
        () => true,
        () => false,
      );
    const end = refusedFrom(exp, tolerance) * 1_000;
    expect([await isAcceptedAt(end - 1), await isAcceptedAt(end)]).toEqual([true, false]);
  },
);
