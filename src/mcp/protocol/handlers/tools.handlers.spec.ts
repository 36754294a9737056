import { AuditTrail } from '../../../audit/index.js';
import { BackplaneModule } from '../../../backplane/index.js';
import { Catch, type ExceptionFilter, Module, UseFilters } from '@nestjs/common';
import { ModulesContainer, NestFactory } from '@nestjs/core';
import { registeredTool } from '../../catalog/registered-tool.js';
import type { CallContext } from '../../decorators/call-context.js';
import { MCP_OPTIONS } from '../../mcp.options.js';
import { ResultWriter } from '../../invocation/result.writer.js';
import type { MessageContext } from '../../invocation/message-context.js';
import { type Principal, principalOf } from '../../authorization/principal.js';
import { RequestStateCodec } from '../../client-input/request-state.codec.js';
import { StatelessPeer } from '../../sessions/stateless.peer.js';
import { CallLog } from '../../invocation/call.log.js';
import { StateKey } from '../../client-input/state.key.js';
import { CATALOG_SOURCE } from '../../enhancers/catalog-source.js';
import { HandlerFactory } from '../../enhancers/handler.factory.js';
import { Session } from '../../sessions/session.js';
import { SessionRelay } from '../../sessions/session.relay.js';
import { Invoker } from '../../invocation/invoker.js';
import { ToolOperation } from './tools.handlers.js';

/** Catches all thrown values, also those that are not errors. */
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
  imports: [BackplaneModule.forRoot()],
  providers: [
    { provide: CATALOG_SOURCE, useValue: { modules: new ModulesContainer() } },
    HandlerFactory,
    Invoker,
    CallLog,
    // Off: recording has its own specs.
    { provide: AuditTrail, useValue: { isOn: false } },
    ResultWriter,
    RequestStateCodec,
    StateKey,
    { provide: SessionRelay, useValue: {} },
    {
      provide: MCP_OPTIONS,
      useValue: { callTimeoutMs: 1_000, inputTimeoutMs: 1_000, serverInfo: { name: 'spec', version: '1' } },
    },
  ],
})
class InvocationModule {}

const principal = principalOf({
  issuer: 'i',
  subject: 'alice',
  clientId: 'c',
  scopes: [],
} as unknown as Principal);

it('an input request is sent, also where a filter catches the interruption', async () => {
  const app = await NestFactory.createApplicationContext(InvocationModule, {
    logger: false,
    abortOnError: false,
  });
  const execute = app.get(HandlerFactory).forInstance(new AskingTool(), 'execute');
  const tool = registeredTool({ name: 'asks', description: 'Asks.' }, execute, 'AskingTool');
  const envelope = { client: undefined, clientCapabilities: { elicitation: {} }, logLevel: undefined };
  const peer = new StatelessPeer(principal, { ...envelope, protocolVersion: '2026-07-28' });
  const context: MessageContext = {
    peer,
    principal,
    sink: { send: () => undefined, whenSent: (listener) => listener(true) },
  };
  const request = { kind: 'request', id: 1, method: 'tools/call', params: {} } as const;
  const text = await app.get(Invoker).call(new ToolOperation(tool, {}, true), request, context);
  expect(JSON.parse(text)).toMatchObject({ resultType: 'input_required' });
  await app.close();
});

it('a call keeps its session alive until it ends, and is then removed from it', async () => {
  const app = await NestFactory.createApplicationContext(InvocationModule, {
    logger: false,
    abortOnError: false,
  });
  const working = Promise.withResolvers<string>();
  const tool = registeredTool({ name: 'works', description: 'Works.' }, () => working.promise, 'WorkingTool');
  const session = new Session('s', principal, 'streamable-http');
  const request = { kind: 'request', id: 1, method: 'tools/call', params: {} } as const;
  const context: MessageContext = { peer: session, principal, sink: session };
  const called = app.get(Invoker).call(new ToolOperation(tool, {}, false), request, context);
  expect([session.calls.size, session.idleSince]).toEqual([1, undefined]);
  working.resolve('done');
  expect(JSON.parse(await called)).toMatchObject({ content: [{ text: 'done' }] });
  expect(session.calls.size).toBe(0);
  expect(Date.now() - session.idleSince!).toBeLessThan(5_000);
  await app.close();
});
