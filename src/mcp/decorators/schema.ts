import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec';

/**
 * A schema that validates and has a JSON Schema form: `z.object({ … })`, or that of any other library that
 * implements Standard Schema and Standard JSON Schema.
 */
export interface Schema<Input = unknown, Output = Input> {
  readonly '~standard': StandardSchemaV1.Props<Input, Output> & StandardJSONSchemaV1.Props<Input, Output>;
}

/** What a schema hands out after validation. */
export type Validated<S extends Schema> = StandardSchemaV1.InferOutput<S>;

/** What a schema takes in. */
export type Unvalidated<S extends Schema> = StandardSchemaV1.InferInput<S>;
