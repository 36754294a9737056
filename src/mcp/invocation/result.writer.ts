import { Inject, Injectable } from '@nestjs/common';
import { MCP_OPTIONS, type McpModuleOptions } from '../mcp.options.js';
import { isObject } from '../messages/json-rpc.js';
import type { Peer } from '../sessions/peer.js';
import { resultFor } from '../messages/older-content.js';

const SERVER_INFO = 'io.modelcontextprotocol/serverInfo';

/** Serializes results in the form of each revision. MCP 2026-07-28, Overview, "Result Responses". */
@Injectable()
export class ResultWriter {
  /** The `_meta` of nearly every result. */
  private readonly meta: string;

  constructor(@Inject(MCP_OPTIONS) private readonly options: McpModuleOptions) {
    this.meta = `"_meta":${JSON.stringify({ [SERVER_INFO]: options.serverInfo })}}`;
  }

  /** The result as JSON text. An existing `resultType` is kept. */
  write(result: Readonly<Record<string, unknown>>, peer: Peer): string {
    if (!peer.isModern) {
      const { content } = result;
      // A single text, as most tools return, is the same in all revisions.
      const isText =
        Array.isArray(content) &&
        content.length === 1 &&
        isObject(content[0]) &&
        content[0]['type'] === 'text';
      return JSON.stringify(isText ? result : resultFor(peer.protocolVersion, result));
    }
    const { serverInfo } = this.options;
    const { _meta: meta, resultType = 'complete', ...rest } = result;
    const head = `{"resultType":${JSON.stringify(resultType)},`;
    const tail =
      meta === undefined
        ? this.meta
        : `"_meta":${JSON.stringify({ ...(meta as object), [SERVER_INFO]: serverInfo })}}`;
    const text = JSON.stringify(rest);
    return text === '{}' ? head + tail : `${head}${text.slice(1, -1)},${tail}`;
  }
}
