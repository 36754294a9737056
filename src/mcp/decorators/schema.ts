import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec';

/**
 * A schema that validates and has a JSON Schema form: `z.object({ … })`, or of any other library that implements
 * Standard Schema and Standard JSON Schema.
 */
export interface Schema<Input = unknown, Output = Input> {
  readonly '~standard': StandardSchemaV1.Props<Input, Output> & StandardJSONSchemaV1.Props<Input, Output>;
}

/** The type after validation. */
export type Validated<S extends Schema> = StandardSchemaV1.InferOutput<S>;

/** The type before validation. */
export type Unvalidated<S extends Schema> = StandardSchemaV1.InferInput<S>;
