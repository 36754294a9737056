import { decodeJwt } from 'jose';
import { SETTINGS } from '../fixtures/settings.fixture.js';
import { issueFromArguments } from './token.command.js';

const run = (...args: string[]) => issueFromArguments(args, SETTINGS);

it('makes a token as the configured issuer', async () => {
  const claims = decodeJwt(
    await run('--sub', 'alice', '--scope', 'a b', '--ttl', '30m', '--client-id', 'x', '--roles', 'r, s'),
  );
  expect(claims).toMatchObject({ iss: SETTINGS.issuer, sub: 'alice', scope: 'a b', client_id: 'x' });
  expect(claims['roles']).toEqual(['r', 's']);
  expect(claims.exp! - claims.iat!).toBe(1800);
});

it('makes a token for mcp:access and one hour by default', async () => {
  const claims = decodeJwt(await run('--sub', 'alice'));
  expect(claims['scope']).toBe('mcp:access');
  expect(claims.exp! - claims.iat!).toBe(3600);
});

it('adds the claims of JWT_CLAIMS', async () =>
  expect(decodeJwt(await run('--sub', 'alice', '--claim', 'tenant=a=b'))).toMatchObject({ tenant: 'a=b' }));

it.each([
  [['--sub', 'a', '--claim', 'tenant'], '--claim'],
  [['--sub', 'a', '--claim', 'scope=x'], 'JWT_CLAIMS'],
  [[], '--sub'],
  [['--sub', ''], 'subject'],
  [['--sub', 'a', '--ttl', '0s'], '--ttl'],
  [['--sub', 'a', '--ttl', 'soon'], '--ttl'],
  [['--sub', 'a', '--ttl', '1w'], '--ttl'],
  [['--sub', 'a', '--ttl', '2d'], 'JWT_MAX_LIFETIME'],
  [['--sub', 'a', '--scope', 'a  b'], '--scope'],
  [['--sub', 'a', '--admin'], '--admin'],
  [['a'], 'a'],
])('says what is wrong with %j', (args, word) => expect(run(...args)).rejects.toThrow(word));

it('says that there is no secret to sign with', () =>
  expect(issueFromArguments(['--sub', 'alice'], { ...SETTINGS, secret: undefined })).rejects.toThrow(
    'JWT_SECRET is not set',
  ));
