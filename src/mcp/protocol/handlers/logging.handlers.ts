import { Injectable } from '@nestjs/common';
import { Session } from '../../sessions/session.js';
import type { RequestHandler, RequestHandlers } from '../request-handler.js';
import type { Params } from '../../messages/json-rpc.js';
import { invalidParams } from '../../messages/protocol.error.js';
import { LoggingLevelSchema } from '../../messages/sdk-types.js';

/** The minimum log level of a session. In 2026-07-28 each request has its own. */
@Injectable()
export class LoggingHandlers implements RequestHandlers {
  readonly handlers: readonly RequestHandler[] = [
    {
      method: 'logging/setLevel',
      era: 'sessions',
      answer: ({ params }, { peer }) => setLevel(params, peer as Session),
    },
  ];
}

function setLevel(params: Params, session: Session): string {
  const level = LoggingLevelSchema.safeParse(params['level']);
  if (!level.success) throw invalidParams(`"level" must be one of ${LoggingLevelSchema.options.join(', ')}`);
  session.setLogLevel(level.data);
  return '{}';
}
