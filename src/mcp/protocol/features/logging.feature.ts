import { Injectable } from '@nestjs/common';
import { Session } from '../../sessions/session.js';
import type { Feature, Method } from '../feature.js';
import type { Params } from '../../messages/json-rpc.js';
import { invalidParams } from '../../messages/protocol.error.js';
import { LoggingLevelSchema } from '../../messages/sdk-types.js';

/** Which log messages a session wants. In 2026-07-28 each request says so itself. */
@Injectable()
export class LoggingFeature implements Feature {
  readonly methods: readonly Method[] = [
    {
      name: 'logging/setLevel',
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
