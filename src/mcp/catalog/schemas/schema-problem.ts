import { type Path, placeOf } from './schema-tree.js';

/** Why a schema cannot be listed. The wiring converts it to a `WiringError`, which also names the class. */
export class SchemaProblem extends Error {
  override readonly name = 'SchemaProblem';

  constructor(
    path: Path,
    problem: string,
    remedy: string,
    /** The library has no JSON Schema for the type. */
    readonly isUnrepresentable = false,
  ) {
    super(`at ${placeOf(path)} ${problem}; ${remedy}`);
  }
}
