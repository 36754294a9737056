import {
  Body,
  type CanActivate,
  Controller,
  type DynamicModule,
  type ExecutionContext,
  Get,
  type INestApplication,
  Injectable,
  Module,
  type NestApplicationOptions,
  Post,
  UseGuards,
} from '@nestjs/common';
import { type AbstractHttpAdapter, NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { IsInt } from 'class-validator';
import type { Request } from 'express';
import { SignJWT } from 'jose';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import { type CallContext, McpServerModule, Tool } from '../../src/index.js';
import { ERAS } from './eras/index.js';

export const SECRET = 'a secret of the host that has more than 32 bytes';
export const URL_OF_HOST = 'https://orders.example.com';

class CreateOrder {
  @IsInt()
  readonly amount!: number;
}

class KeyGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return context.switchToHttp().getRequest<Request>().headers['x-key'] === 'host';
  }
}

@Controller()
export class HostController {
  @Get()
  hello(): string {
    return 'Hello World!';
  }

  @Post('orders')
  @UseGuards(KeyGuard)
  create(@Body() { amount }: CreateOrder): object {
    return { amount };
  }
}

@Injectable()
export class Orders {
  readonly count = 7;
}

@Tool({ name: 'count-orders', description: 'How many.', input: z.object({ plus: z.number() }) })
export class CountOrdersTool {
  constructor(private readonly orders: Orders) {}

  execute({ plus }: { plus: number }, { user }: CallContext): string {
    return `${user.subject}: ${this.orders.count + plus}`;
  }
}

export const server = (options: object = {}) =>
  McpServerModule.forRoot({
    name: 'orders',
    version: '1.2.3',
    publicUrl: URL_OF_HOST,
    auth: { secret: SECRET },
    ...options,
  });

export async function tokenOf(issuer = URL_OF_HOST): Promise<string> {
  return new SignJWT({ sub: 'alice', scope: 'mcp:access' })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setIssuer(issuer)
    .setAudience(issuer)
    .setIssuedAt()
    .setExpirationTime('5m')
    .sign(new TextEncoder().encode(SECRET));
}

/** Applications that a failed test may have left running: the test run would not end. */
const running = new Set<INestApplication>();
afterEach(async () => {
  for (const app of running) await app.close();
  running.clear();
});

@Module({})
class HostModule {}

/** A plain Nest application, as `nest new` makes it. */
export function create(
  module: Omit<DynamicModule, 'module'>,
  options: NestApplicationOptions = {},
  adapter: AbstractHttpAdapter = new ExpressAdapter(),
): Promise<INestApplication> {
  const root = { module: HostModule, controllers: [HostController], ...module };
  return NestFactory.create(root, adapter, { logger: false, abortOnError: false, ...options });
}

/** As {@link create}, listening on a free port. */
export async function start(
  module: Omit<DynamicModule, 'module'>,
  options: NestApplicationOptions = {},
  configure: (app: INestApplication) => void = () => undefined,
): Promise<{ readonly app: INestApplication; readonly url: string }> {
  const app = await create(module, options);
  configure(app);
  await app.listen(0, '127.0.0.1');
  running.add(app);
  return { app, url: `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}` };
}

/** The results of `count-orders` in each era. */
export async function callInAllEras(url: string, token: string): Promise<unknown[]> {
  const results: unknown[] = [];
  for (const { connect } of ERAS) {
    const client = await connect(url, token);
    const params = { name: 'count-orders', arguments: { plus: 1 } };
    const { result } = await client.request('c', 'tools/call', params);
    results.push((result as { content: [{ text: string }] }).content[0].text);
    client.close();
  }
  return results;
}

export const ANSWERS = ERAS.map(() => 'alice: 8');
export const providers = [Orders, CountOrdersTool];
