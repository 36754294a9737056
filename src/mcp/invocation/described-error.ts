import { HttpException, HttpStatus } from '@nestjs/common';
import { isObject } from '../messages/json-rpc.js';
import { ToolError } from '../decorators/tool.error.js';

const DENIALS: readonly number[] = [HttpStatus.UNAUTHORIZED, HttpStatus.FORBIDDEN];

/** What the caller is told of an error, and how the log calls it. */
export interface DescribedError {
  readonly outcome: 'tool_error' | 'refused';
  readonly text: string;
}

/**
 * Reads an exception that was thrown for the caller to know of: a {@link ToolError}, or one of Nest's exceptions
 * for what the client did wrong (4xx), as guards and pipes throw them. Undefined: the caller is told nothing.
 */
export function describedError(error: unknown): DescribedError | undefined {
  if (error instanceof ToolError) return { outcome: 'tool_error', text: error.message };
  if (!(error instanceof HttpException)) return undefined;
  const status = error.getStatus();
  if (status < 400 || status >= 500) return undefined;
  return { outcome: DENIALS.includes(status) ? 'refused' : 'tool_error', text: textOf(error) };
}

function textOf(error: HttpException): string {
  const response: unknown = error.getResponse();
  const message = isObject(response) ? response['message'] : response;
  // As `ValidationPipe` has it: one text for each field.
  if (Array.isArray(message)) return message.map(String).join('; ');
  return typeof message === 'string' ? message : error.message;
}
