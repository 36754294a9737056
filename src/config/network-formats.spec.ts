import {
  allowedHost,
  allowedOrigin,
  listenHost,
  productionPublicUrl,
  publicUrl,
  redisPrefix,
  redisUrl,
  trustedProxy,
} from './network-formats.js';

describe('listenHost', () => {
  it.each(['127.0.0.1', '0.0.0.0', '::', '::1', 'localhost', 'my_service', 'a.example.com'])(
    'reads %s',
    (text) => expect(listenHost.parse(text)).toBe(text),
  );

  it.each(['', '127.0.0.1:3001', '[::1]', '999.1.1.1', '127.1', 'a b', '*', 'http://localhost'])(
    'refuses %j',
    (text) => expect(listenHost.safeParse(text).success).toBe(false),
  );
});

describe('allowedHost', () => {
  it.each([
    ['mcp.example.com', 'mcp.example.com'],
    ['MCP.Example.com:8443', 'mcp.example.com:8443'],
    ['10.0.0.1', '10.0.0.1'],
    ['[2001:DB8::1]:80', '[2001:db8::1]:80'],
  ])('reads %s', (text, expected) => expect(allowedHost.parse(text)).toBe(expected));

  it.each(['*', '*.example.com', 'a.com:*', '', 'https://a.com', 'a.com/', 'a.com:70000', '::1', 'u@a.com'])(
    'refuses %j',
    (text) => expect(allowedHost.safeParse(text).success).toBe(false),
  );
});

describe('allowedOrigin', () => {
  it.each([
    'https://app.example.com',
    'http://localhost:5173',
    'https://[2001:db8::1]:8443',
    'chrome-extension://abcdefgh',
  ])('reads %s', (text) => expect(allowedOrigin.parse(text)).toBe(text));

  it.each([
    '*',
    'https://*.example.com',
    'null',
    '',
    'app.example.com',
    'https://app.example.com/',
    'https://app.example.com/path',
    'https://app.example.com:443',
    'https://App.example.com',
    'https://user@app.example.com',
    'https://app.example.com?x',
    'https:app.example.com',
    'file://',
  ])('refuses %j', (text) => expect(allowedOrigin.safeParse(text).success).toBe(false));
});

describe('trustedProxy', () => {
  const RANGES = [
    '10.0.0.0/8',
    'fd00::/8',
    'fc00::/7',
    '2001:db8::/32',
    '::ffff:10.0.0.0/104',
    '::ffff:a00:0/120',
  ];
  it.each(['10.0.0.1', '::1', '::ffff:10.0.0.1', '192.168.1.1/32', '::1/128', ...RANGES])(
    'reads %s',
    (text) => expect(trustedProxy.parse(text)).toBe(text),
  );

  it.each([
    '',
    '*',
    'true',
    'loopback',
    '10.0.0.0/33',
    '::1/129',
    '0.0.0.0/0',
    '::/0',
    '0.0.0.0/1',
    '128.0.0.0/1',
    '0.0.0.0/7',
    '::/1',
    '::/7',
    '::/64',
    '::ffff:0:0/96',
    '::ffff:0.0.0.0/97',
    '::ffff:128.0.0.0/97',
    '::ffff:10.0.0.0/103',
    '10.0.0/8',
    '10.0.0.0/8/8',
  ])('refuses %j', (text) => expect(trustedProxy.safeParse(text).success).toBe(false));

  it('refuses a zone, which no proxy list can compare', () =>
    expect(trustedProxy.safeParse('fe80::1%eth0').success).toBe(false));
});

describe('publicUrl', () => {
  it.each([
    ['https://mcp.example.com', 'https://mcp.example.com'],
    ['https://mcp.example.com/', 'https://mcp.example.com'],
    ['https://MCP.example.com:443/base//', 'https://mcp.example.com/base'],
    ['http://localhost:3001', 'http://localhost:3001'],
    ['https://mcp.example.com/@team', 'https://mcp.example.com/@team'],
  ])('reads %s as %s', (text, expected) => expect(publicUrl.parse(text)).toBe(expected));

  it.each([
    ['mcp.example.com', 'must be an absolute https:// or http:// URL'],
    ['ftp://mcp.example.com', 'must be an absolute https:// or http:// URL'],
    ['https:mcp.example.com', 'must be an absolute https:// or http:// URL'],
    ['https://', 'must be an absolute https:// or http:// URL'],
    ['https://*.example.com', 'not a wildcard'],
    ['https://mcp.example.com/?a=b', 'no query'],
    ['https://mcp.example.com?', 'no query'],
    ['https://mcp.example.com/#top', 'no fragment'],
    ['https://user:pass@mcp.example.com', 'no user name'],
    ['https://@mcp.example.com', 'no user name'],
  ])('refuses %s', (text, reason) => {
    expect(publicUrl.safeParse(text).error?.issues[0]?.message).toContain(reason);
  });
});

describe('productionPublicUrl', () => {
  it.each(['https://mcp.example.com', 'http://localhost:3001', 'http://127.0.0.1', 'http://[::1]:3001'])(
    'reads %s',
    (text) => expect(productionPublicUrl.parse(text)).toBe(text),
  );

  it.each(['http://mcp.example.com', 'HTTP://mcp.example.com', 'http://10.0.0.1'])('refuses %s', (text) =>
    expect(productionPublicUrl.safeParse(text).error?.issues[0]?.message).toContain(
      'must be https in production',
    ),
  );
});

describe('redisUrl', () => {
  it.each([
    'redis://localhost',
    'rediss://user:p%40ss@redis.example.com:6380/2',
    'redis://:secret@[::1]:6379/',
    'redis+sentinel://one:26379,two/main',
    'rediss+sentinel://user:p%40ss@one/main',
  ])('reads %s', (text) => expect(redisUrl.parse(text)).toBe(text));

  it.each([
    'localhost:6379',
    'http://localhost',
    'redis:localhost',
    'redis://',
    'redis://host/name',
    'redis://host?tls=1',
    'redis+sentinel://one:26379',
    'redis+sentinel://one:x/main',
    'redis+sentinel://one,/main',
    'redis+sentinel://one/main/2',
  ])('refuses %j', (text) => expect(redisUrl.safeParse(text).success).toBe(false));
});

describe('redisPrefix', () => {
  it.each(['mcp', 'team-a:mcp', 'x.y_z'])('reads %s', (text) => expect(redisPrefix.parse(text)).toBe(text));

  it.each(['', ':mcp', '{mcp}', 'a b', 'x'.repeat(65)])('refuses %j', (text) =>
    expect(redisPrefix.safeParse(text).success).toBe(false),
  );
});
