import { jwtVerify, SignJWT } from 'jose';
import { CLOCK_TOLERANCE_SECONDS, refusedFrom } from './clock.js';

const KEY = new Uint8Array(32).fill(7);

it.each([1_000_000, 1_000_000.001, 1_000_000.5, 1_000_000.999])(
  'a token that ends at %d is accepted until the deny list may forget it, and refused from then on',
  async (exp) => {
    const token = await new SignJWT({ exp }).setProtectedHeader({ alg: 'HS256' }).sign(KEY);
    const isAcceptedAt = (ms: number): Promise<boolean> =>
      jwtVerify(token, KEY, {
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        currentDate: new Date(ms),
      }).then(
        () => true,
        () => false,
      );
    const end = refusedFrom(exp) * 1_000;
    expect([await isAcceptedAt(end - 1), await isAcceptedAt(end)]).toEqual([true, false]);
  },
);
