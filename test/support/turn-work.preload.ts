/**
 * Loaded by `node --import` before the server: counts the work of each turn of the event loop. Other clients wait for
 * whole turns, so the most that one turn does bounds their wait on any machine. The answer to /health/live tells it.
 */
import { type IncomingMessage, Server, type ServerResponse } from 'node:http';

/** Chunks of bodies, requests, and characters that are parsed as JSON. */
const KINDS = ['chunks', 'requests', 'parsed'] as const;
type Work = Record<(typeof KINDS)[number], number>;

const none = (): Work => ({ chunks: 0, requests: 0, parsed: 0 });
const all = none();
let most = none();
let turn = none();
let isTurnCounted = false;

function count(kind: keyof Work, amount: number): void {
  if (!isTurnCounted) setImmediate(endTurn);
  isTurnCounted = true;
  all[kind] += amount;
  turn[kind] += amount;
  most[kind] = Math.max(most[kind], turn[kind]);
}

function endTurn(): void {
  isTurnCounted = false;
  turn = none();
}

interface Parser {
  readonly constructor: { readonly kOnBody: number };
  [callback: number]: ((chunk: Buffer) => unknown) | undefined;
}

const counted = new WeakSet<Parser>();

/** Node calls the parser's `kOnBody` with each chunk. It reuses parsers. */
function countChunks(parser: Parser): void {
  if (counted.has(parser)) return;
  counted.add(parser);
  const { kOnBody } = parser.constructor;
  const onBody = parser[kOnBody]!;
  parser[kOnBody] = function (this: Parser, chunk: Buffer): unknown {
    count('chunks', 1);
    return onBody.call(this, chunk);
  };
}

// eslint-disable-next-line typescript/unbound-method -- called with its server
const emit: (this: Server, event: string, ...args: unknown[]) => boolean = Server.prototype.emit;
Server.prototype.emit = function (this: Server, event: string, ...args: unknown[]): boolean {
  if (event === 'request') take(...(args as [IncomingMessage, ServerResponse]));
  return emit.call(this, event, ...args);
};

function take(request: IncomingMessage, response: ServerResponse): void {
  const { parser } = request.socket as { parser?: Parser };
  if (parser != null) countChunks(parser);
  if (request.url !== '/health/live') return count('requests', 1);
  response.setHeader('Turn-Work', JSON.stringify({ all, most }));
  most = none();
}

const parse = JSON.parse.bind(JSON);
JSON.parse = (text: string, reviver?: Parameters<typeof JSON.parse>[1]): unknown => {
  count('parsed', text.length);
  return parse(text, reviver);
};
