import { isLoopbackHost } from './loopback.js';

describe('isLoopbackHost', () => {
  it.each(['localhost', 'LOCALHOST', '127.0.0.1', '127.8.9.10', '::1', '[::1]', '::ffff:127.0.0.1'])(
    'says yes to %s',
    (host) => expect(isLoopbackHost(host)).toBe(true),
  );

  it.each(['0.0.0.0', '::', '128.0.0.1', '10.0.0.1', '::2', 'localhost.example.com', '127.0.0.1.nip.io', ''])(
    'says no to %j',
    (host) => expect(isLoopbackHost(host)).toBe(false),
  );
});
