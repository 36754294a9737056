import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { BackplaneNode, BackplaneUnavailable, MailError, RevocationStore } from '../../backplane/index.js';
import { type Principal, principalOf } from '../authorization/principal.js';
import type { RequestAuthorization } from '../authorization/request-authorization.js';
import { type BudgetHold, InFlightBudgets } from '../limits/in-flight.budgets.js';
import { type IncomingMessages, refusalOf } from '../messages/incoming-messages.js';
import type { JsonRpcMessage } from '../messages/json-rpc.js';
import { asRefusal, type RefusalDetails, RefusedError, unknownSession } from '../messages/refused.error.js';
import { SessionService } from '../sessions/session.service.js';
import { SessionStore } from '../sessions/session.store.js';
import type { ChargedBody } from './call.limiter.js';
import { Gate } from './gate.js';

/** How long the node of a stream is cached; milliseconds. */
const ROUTE_MS = 5_000;
const MAX_ROUTES = 10_000;
const KIND = 'session.post';
const TRANSPORT = 'http-sse';

/** A message that was POSTed to this node, for a stream on another node. */
export interface Forwardable {
  readonly session: string;
  readonly authorization: RequestAuthorization;
  readonly address: string | undefined;
  readonly incoming: IncomingMessages & { readonly hold: BudgetHold; readonly body: ChargedBody };
}

/** The same message between the nodes. The node where it arrived has authorized the caller. */
interface ForwardedPost {
  readonly session: string;
  readonly principal: Principal;
  readonly address?: string;
  readonly message: JsonRpcMessage;
  /** Its counted size for its user. */
  readonly bytes: number;
  readonly body: ChargedBody;
}

/** The decision of the node of the stream. `unauthorized`: the token has expired or was revoked meanwhile. */
type Verdict =
  | { readonly kind: 'accepted' | 'unauthorized' }
  | { readonly kind: 'lacks_scopes'; readonly scopes: readonly string[] }
  | {
      readonly kind: 'refused';
      readonly reason: RefusedError['reason'];
      readonly message: string;
      readonly details: RefusalDetails;
    };

interface Route {
  readonly node: string;
  /** The key of the principal that owns the session. */
  readonly owner: string;
}

/**
 * Passes a POST of HTTP+SSE to the node that has the session's stream. That node runs the {@link Gate}. The node where
 * the request arrives has authorized the caller and read the body, and sends the other node's decision as the response.
 */
@Injectable()
export class PostForwarding implements OnModuleInit {
  private readonly routes = new LRUCache<string, Route>({ max: MAX_ROUTES, ttl: ROUTE_MS });

  constructor(
    private readonly gate: Gate,
    private readonly sessions: SessionService,
    private readonly store: SessionStore,
    private readonly budgets: InFlightBudgets,
    private readonly node: BackplaneNode,
    @Inject(RevocationStore) private readonly revocations: RevocationStore,
  ) {}

  onModuleInit(): void {
    this.node.mail.on(KIND, (body) => this.receive(body as ForwardedPost));
  }

  /**
   * The other node that has the stream of `principal`'s own session. Rejects with 404 for an unknown session, or with
   * 503 if the backplane is unavailable.
   */
  async nodeOf(session: string, principal: Principal): Promise<string> {
    const { isAlone, self } = this.node.membership;
    if (isAlone) throw unknownSession();
    const route = this.routes.get(session) ?? (await this.read(session));
    if (route.owner !== principal.key) throw unknownSession('foreign_session');
    // Its stream was on this node and has just ended.
    if (route.node === self) throw unknownSession();
    return route.node;
  }

  /**
   * Resolves when the node of the stream has accepted the message. Rejects with the refusal of that node's gate, with
   * 404 if that node is gone, or with 503 if it does not answer; in that case the message may have been accepted.
   */
  async forward(node: string, post: Forwardable): Promise<void> {
    const { authorization, incoming } = post;
    try {
      const asked = authorization.reauthorize();
      if (asked !== undefined) await asked;
      const verdict = await this.ask(node, post);
      if (verdict.kind === 'accepted') return;
      if (verdict.kind === 'lacks_scopes') throw authorization.lackingScopes(verdict.scopes);
      if (verdict.kind === 'refused') {
        if (verdict.reason === 'unknown_session') this.routes.delete(post.session);
        throw new RefusedError(verdict.reason, verdict.message, verdict.details);
      }
      await authorization.reauthorize();
      throw authorization.principal.refusedFrom <= Date.now()
        ? authorization.tokenExpired()
        : unknownSession();
    } catch (error) {
      throw refusalOf(incoming, error);
    }
  }

  private async ask(
    node: string,
    { session, authorization, address, incoming }: Forwardable,
  ): Promise<Verdict> {
    const { hold, body, messages } = incoming;
    const post: ForwardedPost = {
      session,
      principal: authorization.principal,
      ...(address === undefined ? {} : { address }),
      message: messages[0]!,
      bytes: hold.bytes,
      body,
    };
    try {
      return (await this.node.mail.ask(node, KIND, post)) as Verdict;
    } catch (error) {
      if (!(error instanceof MailError)) throw error;
      this.routes.delete(session);
      if (error.problem === 'gone') throw unknownSession();
      throw new BackplaneUnavailable(`the node of the stream: ${error.problem}`, error);
    }
  }

  private async read(session: string): Promise<Route> {
    const record = await this.store.read(session);
    if (record === undefined || record === 'ended' || record.node === undefined) throw unknownSession();
    if (record.transport !== TRANSPORT) throw unknownSession();
    const route = { node: record.node, owner: record.owner };
    this.routes.set(session, route);
    return route;
  }

  /**
   * Runs on the node of the stream. Resolves when the message was accepted or refused; its reply is sent on the stream.
   */
  private receive(post: ForwardedPost): Promise<Verdict> {
    return new Promise((resolve, reject) => {
      this.accept(post, () => resolve({ kind: 'accepted' })).catch((error: unknown) => {
        const verdict = verdictOf(asRefusal(error));
        if (verdict === undefined) reject(error);
        else resolve(verdict);
      });
    });
  }

  private async accept({ session, message, ...post }: ForwardedPost, accepted: () => void): Promise<void> {
    const principal = principalOf(post.principal);
    const named = this.sessions.find(session, principal, TRANSPORT);
    if (named === undefined) throw unknownSession();
    const hold = this.budgets.hold(principal.userKey, post.bytes);
    try {
      const [reply] = await this.gate.accept(
        { messages: [message], malformed: [], batched: false },
        {
          authorization: new ForwardedAuthorization(principal, this.revocations),
          address: post.address,
          hold,
          body: post.body,
          named,
          peer: () => {
            // The stream may have ended meanwhile.
            if (named.hasLeft) throw unknownSession();
            return named;
          },
          accepted: () => {
            accepted();
            return named;
          },
        },
      );
      if (reply !== undefined) named.send(reply.text);
    } finally {
      hold.release();
    }
  }
}

class UnauthorizedError extends Error {
  constructor(readonly verdict: Verdict) {
    super('The token is no longer good, or lacks a scope');
  }
}

/** Represents a token that the other node has just authorized. */
class ForwardedAuthorization implements RequestAuthorization {
  constructor(
    readonly principal: Principal,
    private readonly revocations: RevocationStore,
  ) {}

  reauthorize(now?: number): Promise<void> | undefined {
    const revoked = this.revocations.isRevoked(this.principal, now);
    if (typeof revoked !== 'boolean') return revoked.then((answer) => this.assertGood(answer));
    this.assertGood(revoked);
    return undefined;
  }

  tokenExpired(): Error {
    return new UnauthorizedError({ kind: 'unauthorized' });
  }

  lackingScopes(scopes: readonly string[]): Error {
    return new UnauthorizedError({ kind: 'lacks_scopes', scopes });
  }

  private assertGood(isRevoked: boolean): void {
    if (isRevoked || this.principal.refusedFrom <= Date.now()) throw this.tokenExpired();
  }
}

/** Undefined: not a refusal but a failure of this node. */
function verdictOf(error: unknown): Verdict | undefined {
  if (error instanceof UnauthorizedError) return error.verdict;
  if (!(error instanceof RefusedError)) return undefined;
  const { reason, message, details } = error;
  return { kind: 'refused', reason, message, details };
}
