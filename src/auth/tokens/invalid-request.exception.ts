import { BadRequestException } from '@nestjs/common';

/** 400 with OAuth's body (RFC 6749 §5.2). The description is constant: never what the client sent. */
export class InvalidRequestException extends BadRequestException {
  constructor(description: string) {
    super({ error: 'invalid_request', error_description: description });
  }
}
