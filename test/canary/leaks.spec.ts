import { forge } from '../support/forge.js';
import { ARGUMENT_CANARY, CANARY, SECRET } from './canaries.js';
import { leaksIn } from './leaks.js';

const token = forge();
const [header, payload, signature] = token.split('.') as [string, string, string];

it.each([
  ['a token', `{"message":"Bearer ${token}"}`, 'a token, or a part of one'],
  ['a token without its signature', `${header}.${payload}`, 'a token, or a part of one'],
  ['a payload alone', `\\n${payload}`, 'a token, or a part of one'],
  ['the secret', `x${SECRET}x`, 'the secret of the test application'],
  ['a claim', `{"note":"${CANARY}"}`, 'the canary of tokens'],
  ['an argument', ARGUMENT_CANARY, 'the canary of arguments'],
  ['a secret of its own', 'key=made-up', 'the secret of a development server'],
])('finds %s', (_what, text, name) => expect(leaksIn(text, ['made-up'])).toEqual([name]));

it('finds nothing in an ordinary line, nor in a signature, which is of no use alone', () =>
  expect(leaksIn(`{"event":"call.ended","tokenId":"${signature}eyJ${signature}"}`, ['made-up'])).toEqual([]));
