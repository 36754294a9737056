import type { IncomingMessage, ServerResponse } from 'node:http';
import { journal } from './journal.js';

/** What in a reply of status 200, or on a stream, makes it an error's. */
const ERROR = /"error":\{|"isError":true/;

/** Middleware: keeps what the server answers in errors, with its headers, to every client. */
export function journalErrors(request: IncomingMessage, response: ServerResponse, next: () => void): void {
  const write = response.write.bind(response) as (...args: unknown[]) => boolean;
  const end = response.end.bind(response) as (...args: unknown[]) => ServerResponse;
  const keep = (chunk: unknown): void => {
    const text =
      typeof chunk === 'string' || chunk instanceof Uint8Array ? Buffer.from(chunk).toString() : '';
    if (response.statusCode < 400 && !ERROR.test(text)) return;
    const headers = JSON.stringify(response.getHeaders());
    journal('error', `${request.method} ${response.statusCode} ${headers} ${text.replaceAll('\n', ' ')}\n`);
  };
  response.write = (...args: unknown[]) => {
    keep(args[0]);
    return write(...args);
  };
  response.end = (...args: unknown[]) => {
    keep(args[0]);
    return end(...args);
  };
  next();
}
