import type { RegisteredResource } from '../catalog/registered-resource.js';
import type { ResourceContents } from '../decorators/mcp-resource.js';
import { isObject } from '../messages/json-rpc.js';

/**
 * Maps what `read` returned to the contents on the wire. Throws when it is none of the forms that
 * {@link ResourceReturn} names.
 */
export function toContents(resource: RegisteredResource, uri: string, returned: unknown): ResourceContents[] {
  if (typeof returned === 'string') {
    return [{ uri, mimeType: resource.mimeType ?? 'text/plain', text: returned }];
  }
  if (returned instanceof Uint8Array) {
    const { buffer, byteOffset, byteLength } = returned;
    const blob = Buffer.from(buffer, byteOffset, byteLength).toString('base64');
    return [{ uri, mimeType: resource.mimeType ?? 'application/octet-stream', blob }];
  }
  const contents: readonly unknown[] = Array.isArray(returned) ? returned : [returned];
  if (contents.every(isContents)) return [...contents];
  throw new TypeError('read() must return a string, bytes, or contents with "uri" and "text" or "blob"');
}

function isContents(value: unknown): value is ResourceContents {
  if (!isObject(value) || typeof value['uri'] !== 'string') return false;
  return (typeof value['text'] === 'string') !== (typeof value['blob'] === 'string');
}
