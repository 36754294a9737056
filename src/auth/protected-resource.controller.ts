import {
  applyDecorators,
  Controller,
  Get,
  Header,
  Inject,
  NotFoundException,
  Req,
  Res,
} from '@nestjs/common';
import type { Request, Response } from 'express';
import { AUTH_SETTINGS, type AuthSettings, basePathOf, IDENTITY, type Identity } from '../config/index.js';
import { sendDocument } from './json-document.js';
import { PROTECTED_RESOURCE_PATH, RESOURCES, type Resource } from './protected-resource.js';
import { Public } from './public.decorator.js';
import { ACCESS_SCOPE } from './scopes.js';

/** A protected resource's metadata (RFC 9728 §2). */
interface ProtectedResource {
  readonly resource: string;
  readonly authorization_servers?: readonly string[];
  readonly scopes_supported: readonly string[];
  readonly bearer_methods_supported: readonly string[];
  readonly resource_name: string;
}

/** Any cache may store the document. The headers for pages of another origin differ, hence `Vary`. */
const Cached = () =>
  applyDecorators(Header('Cache-Control', 'public, max-age=300'), Header('Vary', 'Origin'));

const BELOW = `${PROTECTED_RESOURCE_PATH}{/*below}`;

/**
 * Serves the metadata of each endpoint. Built from the settings alone, never from the Host header.
 *
 * Where the public URL has a path, clients request the document below the well-known path (RFC 9728 §3.1) or, as with
 * earlier versions, before it; and a proxy may strip the path. All forms get the same document.
 */
@Public()
@Controller()
export class ProtectedResourceController {
  constructor(
    @Inject(AUTH_SETTINGS) private readonly settings: AuthSettings,
    @Inject(IDENTITY) private readonly identity: Identity,
  ) {}

  private get basePath(): string {
    return basePathOf(this.settings.publicUrl);
  }

  @Get(BELOW)
  @Cached()
  behind(@Req() { params }: Request, @Res() response: Response): void {
    const path = pathOf(params['below']);
    const resource = resourceAt(path) ?? resourceAt(this.withoutBase(path));
    if (resource === undefined) throw new NotFoundException();
    sendDocument(response, this.describe(resource));
  }

  @Get(`/*base${BELOW}`)
  @Cached()
  before(@Req() { params }: Request, @Res() response: Response): void {
    const isBase = pathOf(params['base']) === this.basePath;
    const resource = isBase ? resourceAt(pathOf(params['below'])) : undefined;
    if (resource === undefined) throw new NotFoundException();
    sendDocument(response, this.describe(resource));
  }

  private withoutBase(path: string): string | undefined {
    const { basePath } = this;
    const isBelow = path === basePath || path.startsWith(`${basePath}/`);
    return isBelow ? path.slice(basePath.length) : undefined;
  }

  private describe(resource: Resource): ProtectedResource {
    const issuers = this.settings.externalIssuers.map(({ issuer }) => issuer);
    return {
      resource: this.settings.publicUrl + resource,
      ...(issuers.length > 0 && { authorization_servers: issuers }),
      // Clients request all of these at login, so only the access scope is listed.
      scopes_supported: [ACCESS_SCOPE],
      bearer_methods_supported: ['header'],
      resource_name: this.identity.title ?? this.identity.name,
    };
  }
}

/** The path that a wildcard matched, from the raw parameters: pipes of the application do not change those. */
function pathOf(segments: unknown = []): string {
  return (segments as readonly string[]).map((segment) => `/${segment}`).join('');
}

function resourceAt(path: string | undefined): Resource | undefined {
  return RESOURCES.find((resource) => resource === path);
}
