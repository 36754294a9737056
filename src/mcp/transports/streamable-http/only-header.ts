import type { IncomingMessage } from 'node:http';

/** The value of a header that must be given once; undefined where it is missing or given again. */
export function onlyHeader(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  // Node joins what is given twice with a comma: only then is it worth reading all headers again.
  if (typeof value === 'string' && !value.includes(',')) return value;
  const values = request.headersDistinct[name];
  return values?.length === 1 ? values[0] : undefined;
}
