import type { Era } from './era.js';
import { HttpSseClient, sessionRequest } from './http-sse.client.js';
import { SessionClient } from './session.client.js';
import { ENVELOPE, StatelessClient, statelessRequest } from './stateless.client.js';

export type { Era, EraClient, Notice, Params, Posting, Underway } from './era.js';
export { HttpSseClient } from './http-sse.client.js';
export { SessionClient } from './session.client.js';
export {
  encoded,
  ENVELOPE,
  statelessCall,
  StatelessClient,
  type StatelessReply,
  statelessRequest,
  textIn,
} from './stateless.client.js';

/** The eras, each over the transport that it introduced. */
export const ERAS: readonly Era[] = [
  {
    name: '2024-11-05 over /sse',
    revision: '2024-11-05',
    route: '/message',
    taken: 202,
    envelope: '',
    request: sessionRequest,
    connect: (url, token) => HttpSseClient.connect(url, token),
  },
  {
    name: '2025-11-25 over /mcp',
    revision: '2025-11-25',
    route: '/mcp',
    taken: 200,
    envelope: '',
    request: sessionRequest,
    connect: (url, token) => SessionClient.connect(url, token),
  },
  {
    name: '2026-07-28 over /mcp',
    revision: '2026-07-28',
    route: '/mcp',
    taken: 200,
    envelope: JSON.stringify(ENVELOPE).slice(1, -1),
    request: statelessRequest,
    connect: (url, token) => StatelessClient.connect(url, token),
  },
];
