import { BackplaneUnavailable } from './backplane-unavailable.error.js';
import { type ContractNode, contractNodes, type MakeNodes } from './fixtures/contract-nodes.fixture.js';
import { until } from './fixtures/until.fixture.js';

const revocation = () => {
  const now = Math.floor(Date.now() / 1_000);
  return { target: { kind: 'token', tokenId: 't1' } as const, revokedAt: now, expiresAt: now + 60 };
};

const ready = async (nodes: readonly ContractNode[]): Promise<void> =>
  until(async () => nodes.every(({ node }) => node.bus.isLive && node.membership.isSteady));

/** The requirements on the deny list of several nodes, over every engine. */
export function revocationListContract(name: string, make: MakeNodes): void {
  const { nodesOf, join } = contractNodes(make);

  describe(`${name}: revocations of several nodes`, () => {
    const token = { tokenId: 't1', issuer: 'https://i', jti: undefined, subject: 'alice', issuedAt: 1_000 };

    it('are refused on all nodes, also by a node that accepted them before', async () => {
      const nodes = await nodesOf(3);
      await ready(nodes);
      for (const { node } of nodes) expect(await node.revocations.isRevoked(token)).toBe(false);
      await until(async () => nodes.every(({ node }) => node.revocations.isRevoked(token) === false));
      await nodes[1].node.revocations.revoke(revocation());
      await until(async () => nodes.every(({ node }) => node.revocations.isRevoked(token) === true));
    });

    it('are told once to the listeners of each node', async () => {
      const nodes = await nodesOf(2);
      const heard: string[] = [];
      nodes.forEach(({ node }, at) => node.revocations.onRevoked(() => heard.push(`node ${at}`)));
      await nodes[0].node.revocations.revoke(revocation());
      await nodes[0].node.bus.publish('mark', null);
      await until(async () => heard.length === 2);
      expect(heard.toSorted()).toEqual(['node 0', 'node 1']);
    });

    it('are looked up again after a gap, also where a look-up had begun before it', async () => {
      const [a] = await nodesOf(1);
      await ready([a]);
      const { bus, revocations } = a.node;
      const begun = revocations.isRevoked(token);
      bus.gap();
      expect(await begun).toBe(false);
      expect(revocations.isRevoked(token)).toBeInstanceOf(Promise);
    });

    it('are taken for absent for ten seconds while a node can neither hear nor read of them', async () => {
      const [a] = await nodesOf(1);
      await ready([a]);
      const { bus, revocations } = a.node;
      expect(await revocations.isRevoked(token)).toBe(false);
      const asked = async (): Promise<boolean> => revocations.isRevoked(token);
      jest.spyOn(a.engine.records, 'read').mockRejectedValue(new BackplaneUnavailable('down'));
      const lag = jest.spyOn(bus, 'lagMs', 'get').mockReturnValue(9_999);
      // One answer to that serves for a millisecond.
      await until(async () => !bus.isLive);
      expect(await asked()).toBe(false);
      lag.mockReturnValue(10_000);
      await expect(asked()).rejects.toThrow(BackplaneUnavailable);
    });

    it('are known to a node that has joined since', async () => {
      const [a] = await nodesOf(1);
      await a.node.revocations.revoke(revocation());
      const late = await join(a.engine);
      expect(await late.revocations.isRevoked(token)).toBe(true);
      expect(await late.revocations.isRevoked({ ...token, tokenId: 't2' })).toBe(false);
    });
  });
}
