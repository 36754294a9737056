import type { RateLimit } from '../../backplane/index.js';
import type { Access, Verdict } from './access.js';
import type { AuditPolicy } from './audit.policy.js';

/** A tool, resource or prompt in its registry: everything that does not change between calls. */
export interface Primitive {
  /** Its tool or prompt name, its URI or its URI template: unique in its registry. */
  readonly key: string;
  readonly access: Access;
  readonly audit: AuditPolicy;
  readonly timeoutMs: number | undefined;
  /** Per user, in addition to the server's own limit. */
  readonly rateLimit?: RateLimit | undefined;
  /** A tool that is neither read-only nor idempotent: a request for it must not run twice. */
  readonly runsOnce?: boolean;
  /** The member of the list, up to 2025-11-25 and from 2026-07-28 on. */
  readonly definition: object;
  readonly modernDefinition: object;
  /** For error messages to the class's author. */
  readonly className: string;
}

/** The target of a request: a primitive, and parameters taken from the request. */
export interface Target<P extends Primitive = Primitive> {
  readonly primitive: P;
}

/** An existing target, and what the caller may do with it. */
export interface Found<T extends Target = Target> {
  readonly target: T;
  readonly verdict: Verdict;
}
