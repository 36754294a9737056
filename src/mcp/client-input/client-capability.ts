import type { ClientCapabilities } from '../messages/sdk-types.js';
import type { InputRequest } from './client.input.js';

/**
 * The capability that the client lacks for this request; undefined: none. An empty `elicitation` means forms. MCP
 * 2026-07-28, Client Features: Elicitation, "Capabilities"; Sampling, "Capabilities"; Roots, "Capabilities".
 */
export function missingCapability(
  { method, params }: InputRequest,
  { elicitation, sampling, roots }: ClientCapabilities,
): ClientCapabilities | undefined {
  if (method === 'roots/list') return roots === undefined ? { roots: {} } : undefined;
  if (method === 'sampling/createMessage') {
    const usesTools = params['tools'] !== undefined || params['toolChoice'] !== undefined;
    if (usesTools) return sampling?.tools === undefined ? { sampling: { tools: {} } } : undefined;
    return sampling === undefined ? { sampling: {} } : undefined;
  }
  if (params['mode'] === 'url')
    return elicitation?.url === undefined ? { elicitation: { url: {} } } : undefined;
  const hasForms =
    elicitation !== undefined && (elicitation.form !== undefined || elicitation.url === undefined);
  return hasForms ? undefined : { elicitation: { form: {} } };
}

/** Its path: `elicitation`, `elicitation.url`, `sampling.tools`. */
export function nameOfCapability(capability: ClientCapabilities): string {
  const [name, detail] = Object.entries(capability)[0]!;
  return [name, ...Object.keys(detail)].join('.');
}
