import { same, type Setting } from './setting.js';
import { duration, durationOrOff, wholeNumber } from './value-formats.js';

// Node timers hold at most 2^31 - 1 ms, 24.8 days; a longer one fires at once.
const LONGEST_TIMER = '24d';

/** The lifetimes and the number of sessions. A part of the settings table. */
export const SESSION_SETTINGS_TABLE = {
  SESSION_IDLE: {
    description: 'How long a session without a stream and without calls lives.',
    schema: duration('100ms', LONGEST_TIMER),
    defaults: same('30m'),
    example: '30m',
  },
  SESSION_MAX: {
    description: 'How long a session may live.',
    schema: duration('100ms', LONGEST_TIMER),
    defaults: same('12h'),
    example: '12h',
  },
  SESSION_PING: {
    description: 'Time between two pings on an open stream; two unanswered pings end the session.',
    schema: durationOrOff('1s', '1h'),
    defaults: same('off'),
    example: '1m',
  },
  SESSIONS_PER_PRINCIPAL: {
    description: 'Sessions that one user may have; a further one ends the oldest that is not in use.',
    schema: wholeNumber(1, 1_000_000),
    defaults: same('100'),
    example: '100',
  },
  HEARTBEAT: {
    description: 'Time between two comments that keep an SSE stream open.',
    schema: duration('100ms', '5m'),
    defaults: same('15s'),
    example: '15s',
  },
} as const satisfies Readonly<Record<string, Setting>>;
