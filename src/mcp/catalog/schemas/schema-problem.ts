import { type Path, placeOf } from './schema-tree.js';

/** Why a schema cannot be listed. The wiring makes a `WiringError` of it, which also names the class. */
export class SchemaProblem extends Error {
  override readonly name = 'SchemaProblem';

  constructor(
    path: Path,
    problem: string,
    remedy: string,
    /** The library knows no JSON Schema for it at all. */
    readonly isUnrepresentable = false,
  ) {
    super(`at ${placeOf(path)} ${problem}; ${remedy}`);
  }
}
