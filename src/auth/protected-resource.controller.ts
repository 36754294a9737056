import { Controller, Get, Header, Inject } from '@nestjs/common';
import { AUTH_SETTINGS, type AuthSettings } from '../config/index.js';
import { PROTECTED_RESOURCE_PATH } from './protected-resource.js';
import { Public } from './public.decorator.js';
import { ACCESS_SCOPE, ADMIN_SCOPE } from './scopes.js';

/** A protected resource's metadata (RFC 9728 §2). */
interface ProtectedResource {
  readonly resource: string;
  readonly scopes_supported: readonly string[];
  readonly bearer_methods_supported: readonly string[];
  readonly resource_name: string;
}

/** Tells clients what guards each endpoint. Built from the settings alone, never from the Host header. */
@Public()
@Controller(PROTECTED_RESOURCE_PATH)
export class ProtectedResourceController {
  constructor(@Inject(AUTH_SETTINGS) private readonly settings: AuthSettings) {}

  @Get()
  @Header('Cache-Control', 'public, max-age=300')
  root(): ProtectedResource {
    return this.describe('');
  }

  @Get('mcp')
  @Header('Cache-Control', 'public, max-age=300')
  mcp(): ProtectedResource {
    return this.describe('/mcp');
  }

  @Get('sse')
  @Header('Cache-Control', 'public, max-age=300')
  sse(): ProtectedResource {
    return this.describe('/sse');
  }

  private describe(endpoint: '' | '/mcp' | '/sse'): ProtectedResource {
    return {
      resource: this.settings.publicUrl + endpoint,
      scopes_supported: [ACCESS_SCOPE, ADMIN_SCOPE],
      bearer_methods_supported: ['header'],
      resource_name: 'NestJS MCP server',
    };
  }
}
