import type { Access } from './access.js';
import type { AuditPolicy } from './audit.policy.js';

/** An entry of the catalogue, as a registry holds it: everything that does not change between calls. */
export interface Entry {
  /** Its tool or prompt name, its URI or its URI template: unique in its registry. */
  readonly key: string;
  readonly access: Access;
  readonly audit: AuditPolicy;
  readonly timeoutMs: number | undefined;
  /** The entry of the list, up to 2025-11-25 and from 2026-07-28 on. */
  readonly definition: object;
  readonly modernDefinition: object;
  /** For messages to whoever wrote it. */
  readonly className: string;
}
