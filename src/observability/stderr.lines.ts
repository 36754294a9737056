import type { DestinationStream } from 'pino';

const MAX_WAITING = 2 ** 20;

/**
 * Log lines on standard error, each through `format`. A host may leave them unread: that holds nothing up, and
 * what comes when 1 MiB waits is dropped.
 */
export function stderrLines(format: (line: string) => string): DestinationStream {
  // A host that has closed its end wants no logs; that must not end the process.
  process.stderr.on('error', () => {});
  return {
    write: (line) => {
      if (process.stderr.writableLength <= MAX_WAITING) process.stderr.write(format(line));
    },
  };
}
