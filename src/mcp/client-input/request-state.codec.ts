import { Inject, Injectable } from '@nestjs/common';
import { EncryptJWT, errors, jwtDecrypt, type JWTPayload } from 'jose';
import { MCP_OPTIONS, type McpModuleOptions } from '../mcp.options.js';
import { invalidParams } from '../messages/protocol.error.js';
import type { StepResult } from './once.steps.js';
import { StateKey } from './state.key.js';
import { ToolError } from '../decorators/tool.error.js';

const ALGORITHMS = { alg: 'dir', enc: 'A256GCM' } as const;
const MAX_SEALED = 64 * 2 ** 10;

/** The state of a call that waits for input. The client keeps it, and can neither read nor change it. */
export interface RequestState {
  /** The answers so far, by the digest of the request. */
  readonly answers: Readonly<Record<string, unknown>>;
  /** The requests of the last round: digest and method by key. */
  readonly asked: Readonly<Record<string, readonly [digest: string, method: string]>>;
  readonly steps: Readonly<Record<string, StepResult>>;
}

/** The principal and request that a state is bound to. */
export interface StateBinding {
  /** The key of the principal. */
  readonly principal: string;
  /** The digest of method and parameters. A getter, since it costs time: read once the state is authenticated. */
  readonly request: string;
}

/** Seconds since the epoch. */
export interface OpenedState extends RequestState {
  readonly expiresAt: number;
}

/**
 * Encodes and decodes `requestState`: an encrypted JWT (RFC 7519, RFC 7516; `dir`, AES-256-GCM). It is refused for
 * another principal or request, after a change, and after its expiry. MCP 2026-07-28, Patterns: Multi Round-Trip
 * Requests, "Server Requirements".
 */
@Injectable()
export class RequestStateCodec {
  constructor(
    @Inject(MCP_OPTIONS) private readonly options: McpModuleOptions,
    private readonly key: StateKey,
  ) {}

  /** `expiresAt` (seconds) undefined: `inputTimeoutMs` from now. Throws {@link ToolError} for more than 64 KiB. */
  async encode(
    { answers, asked, steps }: RequestState,
    binding: StateBinding,
    expiresAt = Math.ceil((Date.now() + this.options.inputTimeoutMs) / 1000),
  ): Promise<string> {
    const sealed = await new EncryptJWT({ answers, asked, steps })
      .setProtectedHeader(ALGORITHMS)
      .setSubject(binding.principal)
      .setAudience(binding.request)
      .setExpirationTime(expiresAt)
      .encrypt(await this.key.get());
    if (sealed.length <= MAX_SEALED) return sealed;
    throw new ToolError('The answers and the steps of this call are too large together: over 64 KiB');
  }

  /** Throws `ProtocolError` (−32602) for a state that was not encoded for this principal and request. */
  async decode(sealed: unknown, binding: StateBinding): Promise<OpenedState> {
    if (typeof sealed !== 'string' || sealed.length > MAX_SEALED || !isCanonical(sealed)) throw notGenuine();
    const key = await this.key.get();
    try {
      const { payload } = await jwtDecrypt<RequestState & JWTPayload>(sealed, key, {
        keyManagementAlgorithms: [ALGORITHMS.alg],
        contentEncryptionAlgorithms: [ALGORITHMS.enc],
        subject: binding.principal,
        requiredClaims: ['exp'],
      });
      if (payload.aud !== binding.request) throw notGenuine();
      const { answers, asked, steps, exp } = payload;
      return { answers, asked, steps, expiresAt: exp! };
    } catch (error) {
      if (error instanceof errors.JWTExpired) {
        throw invalidParams('"requestState" has expired: send the request without it');
      }
      if (error instanceof errors.JOSEError) throw notGenuine();
      throw error;
    }
  }
}

/** Canonical base64url only: a lenient decoder would accept several spellings of the same bytes. */
function isCanonical(sealed: string): boolean {
  return sealed.split('.').every((part) => Buffer.from(part, 'base64url').toString('base64url') === part);
}

function notGenuine(): Error {
  return invalidParams('"requestState" is not one of this request: send the request without it');
}
