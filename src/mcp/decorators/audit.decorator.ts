import { SetMetadata } from '@nestjs/common';

/**
 * What audit records say of an entry's arguments. Paths are names with dots between them, `card.number`; through a
 * list they lead into each of its elements. One that leads nowhere does no harm. The arguments of a resource are
 * its `uri`.
 */
export interface AuditOptions {
  /** What is left out of the hash, such as a password: else equal ones could be told to be equal. */
  readonly redact?: readonly string[];
  /** Whose values stand in the record in clear: texts, numbers and truth values, and lists of them. */
  readonly include?: readonly string[];
}

/** Where the catalogue looks. */
export const AUDIT_METADATA = 'mcp:audit';

/**
 * Says how calls of a tool, resource or prompt are recorded, where `AUDIT_LOG` is on; `@Audit(false)`: not at all.
 * A class without it has each call recorded, with a hash of all its arguments and none of their values.
 *
 * Options of the wrong type are refused at start with a `WiringError`.
 */
export function Audit(options: AuditOptions | false): ClassDecorator {
  return SetMetadata(AUDIT_METADATA, options);
}
