import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

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
    | 'wide'
    | 'settled'
    | 'unreachable',
): Record<string, string> {
  const preload = pathToFileURL(resolve('test/support/extra-tool.preload.ts')).href;
  return { NODE_OPTIONS: `--import=${preload}`, EXTRA_TOOL: tool };
}

/** Environment of a built server with only the four tools, and the preloads of `env`: see `four-tools.preload.ts`. */
export function withFourTools({
  NODE_OPTIONS: more = '',
  ...env
}: Record<string, string>): Record<string, string> {
  const preload = pathToFileURL(resolve('test/support/four-tools.preload.ts')).href;
  return { ...env, NODE_OPTIONS: `--import=${preload} ${more}` };
}
