import { Injectable } from '@nestjs/common';
import type { Exchange } from '../protocol/exchange.js';
import type { JsonRpcRequest } from '../protocol/json-rpc.js';
import type { Call } from './call.js';
import type { ClientInput } from './client.input.js';
import { ToolError } from './tool.error.js';

/** Picks the way to ask a call's client that its revision has. */
@Injectable()
export class ClientInputFactory {
  readonly create = (_call: Call, _request: JsonRpcRequest, _exchange: Exchange): ClientInput => {
    throw new ToolError('This server cannot ask its clients yet');
  };
}
