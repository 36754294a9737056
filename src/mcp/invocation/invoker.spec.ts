import { AuditTrail } from '../../audit/index.js';
import { Catch, type ExceptionFilter, Module, UseFilters } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { registeredTool } from '../catalog/registered-tool.js';
import type { CallContext } from '../decorators/call-context.js';
import { MCP_OPTIONS } from '../mcp.options.js';
import { ResultWriter } from './result.writer.js';
import type { Exchange } from './exchange.js';
import type { AuthInfo } from '../messages/sdk-types.js';
import { principalOf } from '../sessions/principal.js';
import { Visit } from '../sessions/visit.js';
import { Call } from './call.js';
import { CallAudit } from './call.audit.js';
import { CallLog } from './call.log.js';
import type { ClientInput } from './client.input.js';
import { HandlerFactory } from '../enhancers/handler.factory.js';
import { Invoker } from './invoker.js';
import { ToolOperation } from './tool.operation.js';

/** Makes an answer of anything, also of what is no error. */
@Catch()
class EagerFilter implements ExceptionFilter {
  catch(): string {
    return 'swallowed';
  }
}

@UseFilters(EagerFilter)
class AskingTool {
  async execute(_input: unknown, context: CallContext): Promise<string> {
    return (await context.elicit({ message: 'Sure?', requestedSchema: {} })).action;
  }
}

@Module({
  providers: [
    HandlerFactory,
    Invoker,
    CallAudit,
    CallLog,
    // Off: what is recorded has specs of its own.
    { provide: AuditTrail, useValue: { isOn: false } },
    ResultWriter,
    { provide: MCP_OPTIONS, useValue: { callTimeoutMs: 1_000, serverInfo: { name: 'spec', version: '1' } } },
  ],
})
class InvocationModule {}

const extra = { issuer: 'i', subject: 'alice', tokenId: 't', issuedAt: 1 };
const principal = principalOf({ clientId: 'c', scopes: [], expiresAt: 2, extra } as unknown as AuthInfo);

it('a question to the client goes out, whatever a filter makes of the handler being left for it', async () => {
  const app = await NestFactory.createApplicationContext(InvocationModule, {
    logger: false,
    abortOnError: false,
  });
  const execute = app.get(HandlerFactory).forInstance(new AskingTool(), 'execute');
  const tool = registeredTool({ name: 'asks', description: 'Asks.' }, execute, 'AskingTool');
  const envelope = { client: undefined, clientCapabilities: {}, logLevel: undefined };
  const peer = new Visit(principal, { ...envelope, protocolVersion: '2026-07-28' });
  const question: ClientInput = {
    ask: () => Promise.reject(new Error('left for now')),
    once: () => Promise.reject(new Error('not used')),
    required: () => Promise.resolve({ resultType: 'input_required' }),
  };
  const exchange: Exchange = { peer, principal, outlet: { send: () => undefined } };
  const request = { kind: 'request', id: 1, method: 'tools/call', params: {} } as const;
  const call = new Call(exchange, request, () => question);
  const text = await app.get(Invoker).invoke(new ToolOperation(tool, {}, true), call);
  expect(JSON.parse(text)).toMatchObject({ resultType: 'input_required' });
  await app.close();
});
