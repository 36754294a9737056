import { basePathOf, isProviderUrl } from '../../config/index.js';
import { fetchDocument, isRecord } from './provider-document.js';
import { ProviderDocumentError } from './provider-document.error.js';

/**
 * Finds the URL of an issuer's keys in its metadata: OpenID Connect Discovery 1.0 §4, or else RFC 8414 §3.
 *
 * @throws ProviderDocumentError, also when the document names another issuer.
 */
export async function discoverJwksUri(issuer: string, signal: AbortSignal): Promise<string> {
  return jwksUriIn(await firstDocument(metadataUrlsOf(issuer), signal), issuer);
}

/** The `jwks_uri` of an issuer's metadata. Throws what {@link discoverJwksUri} throws. */
export function jwksUriIn(metadata: unknown, issuer: string): string {
  if (!isRecord(metadata)) throw new ProviderDocumentError('The metadata is no JSON object');
  if (metadata['issuer'] !== issuer) throw new ProviderDocumentError('The metadata names another issuer');
  const uri = metadata['jwks_uri'];
  if (typeof uri !== 'string' || !isProviderUrl(uri) || isDowngrade(issuer, uri)) {
    throw new ProviderDocumentError('The metadata has no jwks_uri that may be fetched');
  }
  return uri;
}

function metadataUrlsOf(issuer: string): readonly string[] {
  const { origin } = new URL(issuer);
  const path = basePathOf(issuer);
  return [
    `${origin}${path}/.well-known/openid-configuration`,
    `${origin}/.well-known/oauth-authorization-server${path}`,
  ];
}

async function firstDocument([first, ...rest]: readonly string[], signal: AbortSignal): Promise<unknown> {
  try {
    return await fetchDocument(first!, signal);
  } catch (error) {
    // Only a response proves that the document does not exist; an unreachable provider proves nothing.
    if (rest.length === 0 || !(error instanceof ProviderDocumentError) || error.status === 200) throw error;
    return firstDocument(rest, signal);
  }
}

/** Plain http is accepted for a loopback issuer with loopback keys only. */
function isDowngrade(issuer: string, uri: string): boolean {
  return uri.startsWith('http:') && !issuer.startsWith('http:');
}
