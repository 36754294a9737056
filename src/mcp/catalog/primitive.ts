import type { RateLimit } from '../../backplane/index.js';
import type { Access, Verdict } from './access.js';
import type { AuditPolicy } from './audit.policy.js';

/** A tool, resource or prompt, as a registry holds it: everything that does not change between calls. */
export interface Primitive {
  /** Its tool or prompt name, its URI or its URI template: unique in its registry. */
  readonly key: string;
  readonly access: Access;
  readonly audit: AuditPolicy;
  readonly timeoutMs: number | undefined;
  /** Of each user, beside the server's own. */
  readonly rateLimit?: RateLimit | undefined;
  /** The entry of the list, up to 2025-11-25 and from 2026-07-28 on. */
  readonly definition: object;
  readonly modernDefinition: object;
  /** For messages to the author of the class. */
  readonly className: string;
}

/** What a request is about: a primitive, and what else the request says of it. */
export interface Target<P extends Primitive = Primitive> {
  readonly primitive: P;
}

/** A target that is there, and what its caller may do with it. */
export interface Found<T extends Target = Target> {
  readonly target: T;
  readonly verdict: Verdict;
}
