import { Inject, Injectable } from '@nestjs/common';
import { MCP_OPTIONS, type McpModuleOptions } from '../mcp.options.js';
import type { JsonRpcRequest } from '../messages/json-rpc.js';
import type { Call } from './call.js';
import type { ClientInput } from './client.input.js';
import { LiveInput } from './live.input.js';
import { ReplayedInput } from './replayed.input.js';
import { StateSeal } from './state.seal.js';

/** Picks the way to ask a call's client that its revision has. */
@Injectable()
export class ClientInputFactory {
  constructor(
    private readonly seal: StateSeal,
    @Inject(MCP_OPTIONS) private readonly options: McpModuleOptions,
  ) {}

  readonly create = (call: Call, request: JsonRpcRequest): ClientInput =>
    call.session.isModern
      ? new ReplayedInput(call, request, this.seal)
      : new LiveInput(call, this.options.inputTimeoutMs);
}
