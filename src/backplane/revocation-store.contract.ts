import { denies, type RevocableToken, type Revocation, type RevocationStore } from './revocation-store.js';
import { until } from './fixtures/until.fixture.js';

const seconds = (): number => Math.floor(Date.now() / 1000);

/** The requirements on the deny list of every engine. Each call of `make` creates an empty one. */
export function revocationStoreContract(name: string, make: () => Promise<RevocationStore>): void {
  describe(`${name}: revocations`, () => {
    const issuer = 'https://login.example.com';
    const token: RevocableToken = {
      tokenId: 't1',
      issuer,
      jti: 'j1',
      subject: 'alice',
      issuedAt: seconds() - 10,
    };
    const revocation = (target: Revocation['target'], lifeSeconds = 60): Revocation => ({
      target,
      revokedAt: seconds(),
      expiresAt: seconds() + lifeSeconds,
    });

    it('denies nothing that was not revoked', async () => {
      const revocations = await make();
      expect(await revocations.isRevoked(token)).toBe(false);
      await revocations.revoke(revocation({ kind: 'token', tokenId: 't2' }));
      await revocations.revoke(revocation({ kind: 'jti', issuer, jti: 'j2' }));
      await revocations.revoke(revocation({ kind: 'subject', issuer, subject: 'bob' }));
      expect(await revocations.isRevoked(token)).toBe(false);
    });

    it.each<Revocation['target']>([
      { kind: 'token', tokenId: 't1' },
      { kind: 'jti', issuer, jti: 'j1' },
      { kind: 'subject', issuer, subject: 'alice' },
    ])('denies by %j', async (target) => {
      const revocations = await make();
      await revocations.revoke(revocation(target));
      expect(await revocations.isRevoked(token)).toBe(true);
      // `denies`, which ends the open streams, gives the same verdict.
      expect(denies(revocation(target), token)).toBe(true);
    });

    it('does not confuse one kind of mark with another', async () => {
      const revocations = await make();
      await revocations.revoke(revocation({ kind: 'jti', issuer, jti: 't1' }));
      await revocations.revoke(revocation({ kind: 'token', tokenId: 'j1' }));
      expect(await revocations.isRevoked(token)).toBe(false);
      expect(await revocations.isRevoked({ ...token, jti: undefined })).toBe(false);
    });

    it.each<Revocation['target']>([
      { kind: 'jti', issuer: 'https://other.example.com', jti: 'j1' },
      { kind: 'subject', issuer: 'https://other.example.com', subject: 'alice' },
      { kind: 'subject', issuer: `${issuer}/`, subject: 'alice' },
      { kind: 'subject', issuer: `${issuer}","alice`, subject: '' },
      { kind: 'jti', issuer: '', jti: `${issuer}j1` },
    ])('does not deny a token of another issuer with the same value: %j', async (target) => {
      const revocations = await make();
      await revocations.revoke(revocation(target));
      expect(await revocations.isRevoked(token)).toBe(false);
      expect(denies(revocation(target), token)).toBe(false);
      await revocations.revoke(revocation({ kind: 'subject', issuer, subject: 'alice' }));
      expect(await revocations.isRevoked(token)).toBe(true);
    });

    it('accepts a token of the subject that was issued after the revocation', async () => {
      const revocations = await make();
      const entry = revocation({ kind: 'subject', issuer, subject: 'alice' });
      await revocations.revoke(entry);
      expect(await revocations.isRevoked({ ...token, issuedAt: entry.revokedAt })).toBe(true);
      expect(await revocations.isRevoked({ ...token, issuedAt: entry.revokedAt + 1 })).toBe(false);
    });

    it('forgets an entry when no token it denies can live any more', async () => {
      const revocations = await make();
      await revocations.revoke(revocation({ kind: 'token', tokenId: 't1' }, 1));
      expect(await revocations.isRevoked(token)).toBe(true);
      await until(async () => !(await revocations.isRevoked(token)));
    });

    it('tells every listener, until it stops listening', async () => {
      const revocations = await make();
      const heard: Revocation[] = [];
      const stop = revocations.onRevoked((entry) => heard.push(entry));
      const first = revocation({ kind: 'jti', issuer, jti: 'j1' });
      await revocations.revoke(first);
      await until(async () => heard.length > 0);
      stop();
      await revocations.revoke(revocation({ kind: 'jti', issuer, jti: 'j2' }));
      expect(heard).toEqual([first]);
    });
  });
}
