import { SetMetadata } from '@nestjs/common';

/**
 * What audit records contain of a call's arguments. Paths are names with dots between them, `card.number`; through a
 * list they apply to each element. A path without a value has no effect. The arguments of a resource are its `uri`.
 */
export interface AuditOptions {
  /** Arguments left out of the hash, such as a password, whose equality would otherwise be visible. */
  readonly redact?: readonly string[];
  /** Arguments recorded in plain text: strings, numbers, booleans, and lists of them. */
  readonly include?: readonly string[];
}

/** Metadata key that the catalogue reads. */
export const AUDIT_METADATA = 'mcp:audit';

/**
 * How calls of a tool, resource or prompt are recorded, where `AUDIT_LOG` is on; `@Audit(false)`: not at all. On a
 * method it overrides that of its class. Without it each call is recorded, with a hash of all its arguments and none of
 * their values.
 *
 * Options of the wrong type are refused at start with a `WiringError`.
 */
export function Audit(options: AuditOptions | false): ClassDecorator & MethodDecorator {
  return SetMetadata(AUDIT_METADATA, options);
}
