import { addressOf } from './redis.address.js';

describe('an address of Redis', () => {
  it.each([
    ['redis://localhost', { host: 'localhost' }],
    ['redis://:a%40b@[::1]:6380/', { host: '::1', port: 6380, password: 'a@b' }],
    [
      'rediss://mcp:secret@h:1/2',
      { host: 'h', port: 1, username: 'mcp', password: 'secret', db: 2, tls: {} },
    ],
    [
      'redis+sentinel://mcp:a%3Ab@one:1,two/main',
      {
        sentinels: [
          { host: 'one', port: 1 },
          { host: 'two', port: 26_379 },
        ],
        name: 'main',
        username: 'mcp',
        password: 'a:b',
      },
    ],
    [
      'rediss+sentinel://one/main',
      {
        sentinels: [{ host: 'one', port: 26_379 }],
        name: 'main',
        tls: {},
        sentinelTLS: {},
        enableTLSForSentinelMode: true,
      },
    ],
  ])('%s', (url, options) => expect(addressOf(url).options).toEqual(options));
});
