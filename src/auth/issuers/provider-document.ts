import { ProviderDocumentError } from './provider-document.error.js';

/** Far larger than any provider's document, and small enough to hold in memory. */
export const MAX_DOCUMENT_BYTES = 256 * 1024;

/**
 * Fetches a JSON document of an identity provider. Follows no redirect, and reads at most {@link MAX_DOCUMENT_BYTES},
 * counted after decompression.
 *
 * @throws ProviderDocumentError for anything but a JSON document with status 200; otherwise what `fetch` throws.
 */
export async function fetchDocument(url: string, signal: AbortSignal): Promise<unknown> {
  const headers = { Accept: 'application/json, application/jwk-set+json' };
  const response = await fetch(url, { headers, redirect: 'manual', signal });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new ProviderDocumentError(`The provider answered ${response.status}`, response.status);
  }
  const text = await readText(response);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new ProviderDocumentError('The provider did not send JSON', response.status);
  }
}

async function readText({ body, status }: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let length = 0;
  // Leaving the loop cancels the body.
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.byteLength;
    if (length > MAX_DOCUMENT_BYTES) {
      throw new ProviderDocumentError(`The provider sent more than ${MAX_DOCUMENT_BYTES} bytes`, status);
    }
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
