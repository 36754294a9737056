import { Injectable } from '@nestjs/common';
import type { Exchange } from './exchange.js';
import type { JsonRpcRequest } from '../messages/json-rpc.js';
import { Call } from './call.js';
import { ClientInputFactory } from './client-input.factory.js';

/** Makes the calls of this process, and lets their peers know of them while they run. */
@Injectable()
export class CallFactory {
  constructor(private readonly inputs: ClientInputFactory) {}

  async run(
    request: JsonRpcRequest,
    exchange: Exchange,
    work: (call: Call) => Promise<string>,
  ): Promise<string> {
    const { peer } = exchange;
    const call = new Call(exchange, request, this.inputs.create);
    peer.calls.set(request.id, call);
    try {
      return await work(call);
    } finally {
      peer.calls.delete(request.id);
      peer.touch();
    }
  }
}
