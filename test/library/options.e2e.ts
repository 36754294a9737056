import { Module } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { McpServerModule, Tool } from '../../src/index.js';
import { ERAS } from '../support/eras/index.js';
import {
  ANSWERS,
  callInAllEras,
  CountOrdersTool,
  create,
  Orders,
  providers,
  SECRET,
  server,
  start,
  tokenOf,
  URL_OF_HOST,
} from '../support/host.js';
import { send } from '../support/wire.js';

it('gets its options from a factory of the host', async () => {
  const { url } = await start({
    imports: [
      ConfigModule.forRoot({
        isGlobal: true,
        ignoreEnvFile: true,
        load: [() => ({ mcp: { secret: SECRET } })],
      }),
      McpServerModule.forRootAsync({
        inject: [ConfigService],
        useFactory: (config: ConfigService) => ({
          name: 'orders',
          version: '1.2.3',
          publicUrl: URL_OF_HOST,
          auth: { secret: config.getOrThrow<string>('mcp.secret') },
        }),
      }),
    ],
    providers,
  });
  expect(await callInAllEras(url, await tokenOf())).toEqual(ANSWERS);
});

it('takes the address that is listened on where there is none', async () => {
  const { url } = await start({ imports: [server({ publicUrl: undefined })], providers });
  const address = `http://localhost:${new URL(url).port}`;
  expect(await callInAllEras(url, await tokenOf(address))).toEqual(ANSWERS);
  const document = await send(`${url}/.well-known/oauth-protected-resource/mcp`);
  expect(document.json).toMatchObject({ resource: `${address}/mcp` });
});

describe('several servers', () => {
  @Module({ providers: [Orders, CountOrdersTool] })
  class OrdersModule {}

  @Tool({ name: 'other', description: 'Of the other server.' })
  class OtherTool {
    execute(): string {
      return 'other';
    }
  }
  @Module({ providers: [OtherTool] })
  class OtherModule {}

  it('have a catalogue each', async () => {
    const { url } = await start({
      imports: [
        OrdersModule,
        OtherModule,
        server({ path: '/orders', modules: [OrdersModule] }),
        server({ path: '/other', modules: [OtherModule], name: 'other' }),
      ],
    });
    const names = async (path: string): Promise<unknown> => {
      const client = await ERAS[2]!.connect(url + path, await tokenOf());
      const { result } = await client.request(1, 'tools/list');
      client.close();
      return (result as { tools: { name: string }[] }).tools.map(({ name }) => name);
    };
    expect(await names('/orders')).toEqual(['count-orders']);
    expect(await names('/other')).toEqual(['other']);
  });

  it('are refused at one path', async () => {
    await expect(start({ imports: [server(), server()] })).rejects.toThrow('two servers are mounted at "/"');
  });
});

describe('refuses at the start', () => {
  it.each([
    [{ auth: {} }, 'auth must have a secret or issuers'],
    [{ name: '' }, 'name is required'],
    [{ sessionIdle: 'often' }, 'sessionIdle must be a duration'],
    [{ sesionIdle: '1m' }, 'sesionIdle is no option'],
    [{ auth: { secret: SECRET, isuer: 'x' } }, 'auth.isuer is no option'],
    [{ path: 'ai/' }, 'the path "ai/" must begin with /'],
  ])('wrong options: %j', async (options, message) => {
    await expect(start({ imports: [server(options)], providers })).rejects.toThrow(message);
  });

  it('an application on Fastify, in a sentence', async () => {
    const created = create({ imports: [server()] }, {}, new FastifyAdapter());
    await expect(created).rejects.toThrow(
      'Class McpServerModule: it needs @nestjs/platform-express, and this application runs on fastify',
    );
  });
});
