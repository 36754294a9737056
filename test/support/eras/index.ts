import type { Era } from './era.js';
import { McpEndpoint } from '../mcp-endpoint.js';
import { RawSession, sessionRequest } from '../raw-session.js';
import { ENVELOPE } from './messages.js';
import { StatelessClient, statelessRequest } from './stateless.client.js';

export type { Era, EraClient, Notice, Params, Posting, Underway } from './era.js';
export { encoded, ENVELOPE } from './messages.js';
export {
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
    connect: (url, token) => RawSession.initialized(url, token),
  },
  {
    name: '2025-11-25 over /mcp',
    revision: '2025-11-25',
    route: '/mcp',
    taken: 200,
    envelope: '',
    request: sessionRequest,
    connect: (url, token) => McpEndpoint.open(url, token),
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
