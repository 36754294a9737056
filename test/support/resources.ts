import {
  type CallContext,
  type McpResource,
  Resource,
  type ResourceContents,
  ResourceNotFoundError,
  type ResourceRequest,
  ToolError,
} from '../../src/mcp/index.js';

const PASSWORD = 'postgres://admin:hunter2@db.internal/prod';
export const PIXELS = Uint8Array.from({ length: 256 }, (_, index) => index);

@Resource({
  name: 'settings',
  title: 'Settings',
  description: 'What the application runs with.',
  uri: 'config://app',
  mimeType: 'application/json',
  size: 17,
  annotations: { audience: ['user'], priority: 0.5 },
})
class SettingsResource implements McpResource {
  read({ uri, variables }: ResourceRequest, { session, user }: CallContext): string {
    return JSON.stringify({ uri, variables, revision: session.protocolVersion, by: user.subject });
  }
}

@Resource({ name: 'logo', uri: 'app://logo', mimeType: 'image/png', ttlMs: 5_000 })
class LogoResource implements McpResource {
  async read(): Promise<Uint8Array> {
    // A view into a larger buffer, as many Buffers are.
    return PIXELS.subarray(16, 32);
  }
}

@Resource({ name: 'motd', uri: 'app://motd' })
class MotdResource implements McpResource {
  read({ uri }: ResourceRequest): string | Uint8Array {
    return `Welcome to ${uri}`;
  }
}

@Resource({ name: 'raw', uri: 'app://raw' })
class RawResource implements McpResource {
  read(): Uint8Array {
    return new Uint8Array(0);
  }
}

export const BUNDLE: ResourceContents[] = [
  { uri: 'app://bundle/1', mimeType: 'text/markdown', text: '# One' },
  { uri: 'app://bundle/2', blob: 'AAEC' },
];

@Resource({ name: 'bundle', uri: 'app://bundle' })
class BundleResource implements McpResource {
  read(): ResourceContents[] {
    return BUNDLE;
  }
}

@Resource({ name: 'note', title: 'Note', uriTemplate: 'note://{owner}/{id}', mimeType: 'text/markdown' })
class NoteResource implements McpResource {
  read({ uri, variables }: ResourceRequest): string {
    const { owner, id } = variables;
    if (id === 'none') throw new ResourceNotFoundError(`${PASSWORD} has no such row`);
    if (id === 'locked') throw new ToolError('Another user is writing this note: try again in a minute');
    if (id === 'broken') throw new Error(PASSWORD);
    if (id === 'number') return 5 as unknown as string;
    if (id === 'shapeless') return { uri, contents: PASSWORD } as unknown as string;
    return `${owner}: ${id}`;
  }
}

@Resource({ name: 'keys', uri: 'admin://keys', scopes: ['mcp:admin'] })
class KeysResource implements McpResource {
  read(): string {
    return 'the keys';
  }
}

@Resource({ name: 'vault', uriTemplate: 'vault://{id}', scopes: ['mcp:admin'] })
class VaultResource implements McpResource {
  read(): string {
    return 'the vault';
  }
}

/** One resource of each kind. */
export const RESOURCES = [
  SettingsResource,
  LogoResource,
  MotdResource,
  RawResource,
  BundleResource,
  NoteResource,
  KeysResource,
  VaultResource,
];

/** The URIs that a caller with `mcp:access` sees. */
export const OPEN_URIS = ['app://bundle', 'app://logo', 'app://motd', 'app://raw', 'config://app'];
