import { Inject, Injectable } from '@nestjs/common';
import { MCP_OPTIONS, type McpModuleOptions } from '../mcp.options.js';
import type { Peer } from '../sessions/peer.js';

const SERVER_INFO = 'io.modelcontextprotocol/serverInfo';

/** Writes results down in the form that each revision wants. MCP 2026-07-28, Overview, "Result Responses". */
@Injectable()
export class ResultWriter {
  constructor(@Inject(MCP_OPTIONS) private readonly options: McpModuleOptions) {}

  /** The result as JSON text. A `resultType` of its own stays. */
  write(result: Readonly<Record<string, unknown>>, peer: Peer): string {
    if (!peer.isModern) return JSON.stringify(result);
    return JSON.stringify({
      resultType: 'complete',
      ...result,
      _meta: { ...(result['_meta'] as object | undefined), [SERVER_INFO]: this.options.serverInfo },
    });
  }
}
