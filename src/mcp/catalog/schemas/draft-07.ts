import { type JsonSchema, mapSchemas } from './schema-tree.js';

/**
 * The schema for clients of revisions up to 2025-11-25. Some read it as draft-07, where `items` applies to all elements
 * of an array, with or without `prefixItems`: both readings accept each value that the schema does.
 */
export function readableAsDraft07(schema: JsonSchema): JsonSchema {
  return mapSchemas(schema, (node) => {
    const { prefixItems, items, ...rest } = node;
    if (!Array.isArray(prefixItems) || items === undefined) return node;
    if (items === false) {
      return {
        ...rest,
        prefixItems,
        maxItems: Math.min(prefixItems.length, Number(rest['maxItems'] ?? prefixItems.length)),
      };
    }
    return { ...rest, prefixItems, items: { anyOf: [...prefixItems, items] } };
  });
}
