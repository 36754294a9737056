import { HttpException, HttpStatus } from '@nestjs/common';
import { isObject } from '../messages/json-rpc.js';
import { ToolError } from '../decorators/tool.error.js';

const DENIALS: readonly number[] = [HttpStatus.UNAUTHORIZED, HttpStatus.FORBIDDEN];

/** The message for the caller, and the outcome for the log. */
export interface DescribedError {
  readonly outcome: 'tool_error' | 'refused';
  readonly text: string;
}

/**
 * Reads an error that is meant for the caller: a {@link ToolError}, or one of Nest's 4xx exceptions, as guards and
 * pipes throw them. Undefined: any other error, whose message the caller does not receive.
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
  // The form of `ValidationPipe`: one message for each field.
  if (Array.isArray(message)) return message.map(String).join('; ');
  return typeof message === 'string' ? message : error.message;
}
