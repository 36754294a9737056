import { assertTimeout } from './presentation.js';
import { WiringError } from '../decorators/wiring.error.js';

it.each([undefined, 1, 2 ** 31 - 1])('a time limit may be %s', (timeoutMs) => {
  expect(() => assertTimeout(timeoutMs, 'C')).not.toThrow();
});

// A timer of 2^31 ms or more fires at once.
it.each([0, -1, Number.NaN, 2 ** 31, Number.POSITIVE_INFINITY])('a time limit is not %d', (timeoutMs) => {
  expect(() => assertTimeout(timeoutMs, 'C')).toThrow(WiringError);
});
