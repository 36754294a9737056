import { type McpResource, Resource, type ResourceRequest } from '../../src/mcp/index.js';
import { PNG } from './samples.ts';

@Resource({
  name: 'static-text',
  uri: 'test://static-text',
  description: 'A text that does not change.',
  mimeType: 'text/plain',
})
export class StaticTextResource implements McpResource {
  read(): string {
    return 'This is the content of the static text resource.';
  }
}

@Resource({
  name: 'static-binary',
  uri: 'test://static-binary',
  description: 'An image that does not change.',
  mimeType: 'image/png',
})
export class StaticBinaryResource implements McpResource {
  read(): Uint8Array {
    return Buffer.from(PNG, 'base64');
  }
}

@Resource({
  name: 'watched-resource',
  uri: 'test://watched-resource',
  description: 'A text that clients subscribe to.',
  mimeType: 'text/plain',
})
export class WatchedResource implements McpResource {
  read(): string {
    return 'Watched resource content.';
  }
}

@Resource({
  name: 'template-data',
  uriTemplate: 'test://template/{id}/data',
  description: 'The data of an id.',
  mimeType: 'application/json',
})
export class TemplateDataResource implements McpResource {
  read({ variables }: ResourceRequest): string {
    const { id } = variables;
    return JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` });
  }
}
