import { preloading } from './built.js';

/** Environment of a `ServerProcess` with an additional tool: see `extra-tool.preload.ts`. */
export function withExtraTool(
  tool:
    | 'asking'
    | 'slow'
    | 'breaking'
    | 'misnamed'
    | 'needy'
    | 'falling'
    | 'holding'
    | 'careless'
    | 'extending'
    | 'settled'
    | 'unreachable',
): Record<string, string> {
  return { NODE_OPTIONS: preloading('extra-tool'), EXTRA_TOOL: tool };
}

/** Environment of a server process with only the four tools, and the preloads of `env`: see `four-tools.preload.ts`. */
export function withFourTools({
  NODE_OPTIONS: more = '',
  ...env
}: Record<string, string>): Record<string, string> {
  return { ...env, NODE_OPTIONS: `${preloading('four-tools')} ${more}` };
}
