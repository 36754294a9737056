import { isObject, type Params } from './json-rpc.js';

/** The revisions that introduced a kind of content; clients of an older one refuse the whole message. */
const AUDIO_SINCE = '2025-03-26';
const LINKS_SINCE = '2025-06-18';
const SAMPLED_TOOLS_SINCE = '2025-11-25';

/** A result with content that a client of `revision` supports: unsupported content is replaced by a text. */
export function resultFor(revision: string, result: Params): Params {
  if (revision >= LINKS_SINCE) return result;
  const { content, messages } = result;
  if (Array.isArray(content))
    return { ...result, content: content.map((block) => blockFor(revision, block)) };
  return Array.isArray(messages)
    ? { ...result, messages: messages.map((message) => messageFor(revision, message)) }
    : result;
}

/** The same for a sampling request. Before 2025-11-25 a message has one block, which is not a tool's. */
export function samplingFor(revision: string, params: Params): Params {
  const { messages } = params;
  if (revision >= SAMPLED_TOOLS_SINCE || !Array.isArray(messages)) return params;
  const single = messages.flatMap((message: unknown) =>
    isObject(message) && Array.isArray(message['content'])
      ? message['content'].map((content) => ({ ...message, content }))
      : [message],
  );
  return { ...params, messages: single.map((message) => messageFor(revision, message)) };
}

function messageFor(revision: string, message: unknown): unknown {
  return isObject(message) ? { ...message, content: blockFor(revision, message['content']) } : message;
}

function blockFor(revision: string, block: unknown): unknown {
  if (!isObject(block)) return block;
  switch (block['type']) {
    case 'audio':
      return revision < AUDIO_SINCE ? textFor(block, describeAudio(block)) : block;
    case 'resource_link':
      return revision < LINKS_SINCE ? textFor(block, describeLink(block)) : block;
    case 'tool_use':
      return textFor(block, `[Tool call: ${String(block['name'])} ${JSON.stringify(block['input'] ?? {})}]`);
    case 'tool_result':
      return textFor(block, `[Tool result: ${JSON.stringify(block['content'] ?? [])}]`);
    default:
      return block;
  }
}

function textFor({ annotations }: Params, text: string): Params {
  return { type: 'text', text, ...(annotations === undefined ? {} : { annotations }) };
}

function describeAudio({ mimeType, data }: Params): string {
  const bytes = typeof data === 'string' ? Buffer.byteLength(data, 'base64') : 0;
  return `[Audio: ${String(mimeType)}, ${bytes} bytes; the client's protocol revision has no audio]`;
}

function describeLink({ title, name, uri, mimeType, description }: Params): string {
  const parts = [title, name, uri, mimeType, description].filter((part) => typeof part === 'string');
  return `[Resource link: ${[...new Set(parts)].join(', ')}]`;
}
