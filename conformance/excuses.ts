/** A scenario whose failure does not count, with the reason. `docs/conformance.md` lists each of them. */
export interface Excuse {
  readonly scenario: string;
  readonly reason: string;
}

const TASKS =
  'the extension io.modelcontextprotocol/tasks, which this server does not have and does not announce; not scored';

export const EXTENSION: readonly Excuse[] = [
  'lifecycle',
  'capability-negotiation',
  'wire-fields',
  'request-state-removal',
  'mrtr-input',
  'request-headers',
  'dispatch-and-envelope',
  'status-notifications',
  'required-task-error',
  'mrtr-composition',
].map((name) => ({ scenario: `tasks-${name}`, reason: TASKS }));

/** Scenarios of the transport itself: over SSE they would test the adapter. */
export const NOT_OVER_SSE: readonly Excuse[] = [
  {
    scenario: 'server-session-lifecycle',
    reason: 'DELETE ends a session of Streamable HTTP; one of /sse ends with its stream',
  },
  {
    scenario: 'server-sse-polling',
    reason: 'priming events and Last-Event-ID belong to Streamable HTTP; a stream of /sse is the session',
  },
  {
    scenario: 'server-sse-multiple-streams',
    reason: 'a session of /sse has one stream, and the reply to a POST is never one',
  },
];
