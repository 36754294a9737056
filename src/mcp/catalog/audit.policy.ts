import { Reflector } from '@nestjs/core';
import { AUDIT_METADATA, type AuditOptions } from '../decorators/audit.decorator.js';
import { WiringError } from '../decorators/wiring.error.js';

/** The names along a path. */
export type ArgumentPath = readonly string[];

/** How calls of a primitive are recorded. */
export interface AuditPolicy {
  readonly isRecorded: boolean;
  readonly redact: readonly ArgumentPath[];
  readonly include: readonly ArgumentPath[];
}

const MAX_INCLUDED = 32;
const FORM = '@Audit takes false, or { redact?, include? } with lists of paths such as "card.number"';

/** The policy of classes without `@Audit`. */
export const EVERY_CALL: AuditPolicy = { isRecorded: true, redact: [], include: [] };
const NO_CALL: AuditPolicy = { isRecorded: false, redact: [], include: [] };

/** Reads `@Audit` of the class or of a base class. Throws {@link WiringError}. */
export function auditPolicyOf(classRef: Parameters<Reflector['get']>[1], className: string): AuditPolicy {
  const options: unknown = new Reflector().get(AUDIT_METADATA, classRef);
  if (options === undefined) return EVERY_CALL;
  if (options === false) return NO_CALL;
  if (typeof options !== 'object' || options === null) throw new WiringError(className, FORM);
  const { redact, include, ...others } = options as AuditOptions;
  const [other] = Object.keys(others);
  if (other !== undefined) throw new WiringError(className, `@Audit has no "${other}": ${FORM}`);
  const included = pathsIn(include, className);
  if (included.length > MAX_INCLUDED) {
    throw new WiringError(className, `@Audit may include ${MAX_INCLUDED} paths at most`);
  }
  return { isRecorded: true, redact: pathsIn(redact, className), include: included };
}

function pathsIn(paths: unknown, className: string): readonly ArgumentPath[] {
  if (paths === undefined) return [];
  if (!Array.isArray(paths) || !paths.every(isPath)) throw new WiringError(className, FORM);
  return paths.map((path) => path.split('.'));
}

function isPath(path: unknown): path is string {
  return typeof path === 'string' && path.split('.').every((name) => name !== '');
}
