import type { Type } from '@nestjs/common';
import { createRequire } from 'node:module';
import type { Schema } from './schema.js';
import { WiringError } from './wiring.error.js';

/** Marks a schema whose patterns are matched by class-validator. */
export const DTO_VENDOR = 'class-validator';

/** The functions of three optional peers. An application without DTO classes does not install them. */
interface ClassValidator {
  validate(object: object, options: object): Promise<readonly ValidationError[]>;
}
interface ValidationError {
  readonly property: string;
  readonly constraints?: Readonly<Record<string, string>>;
  readonly children?: readonly ValidationError[];
}
interface ClassTransformer {
  plainToInstance<T>(classRef: Type<T>, plain: unknown): T;
}
interface ToJsonSchema {
  readonly validationMetadatasToSchemas: (options: object) => Readonly<Record<string, object>>;
}
interface DefaultStorage {
  readonly defaultMetadataStorage: unknown;
}

const PACKAGES = ['class-validator', 'class-transformer', 'class-validator-jsonschema'];
const DEFINITIONS = '#/$defs/';

const require = createRequire(import.meta.url);

/**
 * A schema for `@Tool` from a DTO class with class-validator's decorators. The handler gets an instance of the class;
 * unknown properties are dropped. The JSON Schema is that of class-validator-jsonschema, whose `@JSONSchema({ description
 * })` describes a property to the model; nested classes need `@Type()` of class-transformer, as for Nest's `ValidationPipe`.
 *
 * @throws {WiringError} where one of the optional peers is missing: class-validator, class-transformer and
 *   class-validator-jsonschema.
 */
export function fromDto<T extends object>(classRef: Type<T>): Schema<T> {
  const [validator, transformer] = [0, 1].map((index) => load(PACKAGES[index]!, classRef)) as [
    ClassValidator,
    ClassTransformer,
  ];
  const jsonSchema = (): Record<string, unknown> => jsonSchemaOf(classRef);
  return {
    '~standard': {
      version: 1,
      vendor: DTO_VENDOR,
      validate: async (value) => {
        // class-transformer would create an instance from any value.
        if (typeof value !== 'object' || value === null || Array.isArray(value)) {
          return { issues: [{ message: 'must be an object' }] };
        }
        const instance = transformer.plainToInstance(classRef, value);
        const errors = await validator.validate(instance, { whitelist: true, forbidUnknownValues: false });
        return errors.length === 0
          ? { value: instance }
          : { issues: errors.flatMap((error) => issuesOf(error)) };
      },
      jsonSchema: { input: jsonSchema, output: jsonSchema },
    },
  };
}

function issuesOf(
  { property, constraints = {}, children = [] }: ValidationError,
  above: string[] = [],
): Issue[] {
  const path = [...above, property];
  const own = Object.values(constraints).map((message) => ({ path, message }));
  return [...own, ...children.flatMap((child) => issuesOf(child, path))];
}

interface Issue {
  readonly path: string[];
  readonly message: string;
}

/** The schema of the class, with those of the classes that it refers to. */
function jsonSchemaOf(classRef: Type): Record<string, unknown> {
  const { validationMetadatasToSchemas } = load(PACKAGES[2]!, classRef) as ToJsonSchema;
  const { defaultMetadataStorage } = load('class-transformer/cjs/storage.js', classRef) as DefaultStorage;
  const all = validationMetadatasToSchemas({
    classTransformerMetadataStorage: defaultMetadataStorage,
    refPointerPrefix: DEFINITIONS,
  });
  const schema = all[classRef.name];
  if (schema === undefined) {
    throw new WiringError(classRef.name, 'it has no decorator of class-validator; give each property one');
  }
  const reached = new Set<string>();
  const reach = (text: string): void => {
    for (const [, name] of text.matchAll(/"#\/\$defs\/([^"]+)"/g)) {
      if (reached.has(name!)) continue;
      reached.add(name!);
      reach(JSON.stringify(all[name!] ?? {}));
    }
  };
  reach(JSON.stringify(schema));
  if (reached.size === 0) return { ...schema };
  return { ...schema, $defs: Object.fromEntries([...reached].map((name) => [name, all[name]])) };
}

function load(name: string, { name: className }: Type): unknown {
  try {
    return require(name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error;
    throw new WiringError(className, `fromDto() needs ${PACKAGES.join(', ')}; install them`);
  }
}
