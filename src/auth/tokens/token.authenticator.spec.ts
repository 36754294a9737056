import { type Principal, principalOf } from '../../mcp/index.js';
import { VerifiedTokenCache } from './token.authenticator.js';

const principalUntil = (expiresAt: number): Principal =>
  principalOf({
    issuer: 'i',
    subject: 's',
    clientId: '',
    scopes: [],
    roles: [],
    jti: undefined,
    tokenId: 't',
    issuedAt: 0,
    expiresAt,
    refusedFrom: expiresAt + 5_000,
  });
const principal = principalUntil(4e12);

it('holds no more than 10,000 tokens', () => {
  const cache = new VerifiedTokenCache();
  for (let i = 0; i < 10_050; i++) cache.add(`t${i}`, principal);
  expect(cache.size).toBe(10_000);
  expect(cache.get('t0', Date.now())).toBeUndefined();
  expect(cache.get('t10049', Date.now())).toBeDefined();
});

it('holds no more than 8 MiB of tokens', () => {
  const cache = new VerifiedTokenCache();
  for (let i = 0; i < 1_100; i++) cache.add(String(i).padEnd(8192, 'x'), principal);
  expect(cache.bytes).toBeLessThanOrEqual(8 * 1024 * 1024);
  expect(cache.size).toBe(1024);
});

it('drops a verified token after five minutes: its key may have been withdrawn', () => {
  jest.useFakeTimers({ now: 1_000_000_000 });
  const cache = new VerifiedTokenCache();
  cache.add('t', principal);
  jest.advanceTimersByTime(299_000);
  expect(cache.get('t', Date.now())).toBeDefined();
  jest.advanceTimersByTime(3_000);
  expect(cache.get('t', Date.now())).toBeUndefined();
  jest.useRealTimers();
});

it('forgets a token once it would be refused', () => {
  jest.useFakeTimers({ now: 1_000_000_000 });
  const cache = new VerifiedTokenCache();
  cache.add('t', principalUntil(1_000_010_000));
  jest.setSystemTime(1_000_014_999);
  expect(cache.get('t', Date.now())).toBeDefined();
  jest.setSystemTime(1_000_015_000);
  expect(cache.get('t', Date.now())).toBeUndefined();
  expect(cache.size).toBe(0);
  jest.useRealTimers();
});
