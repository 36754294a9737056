import { Injectable } from '@nestjs/common';
import type { Change } from './change.feed.js';

/** Who may hear of a change: of a resource, whoever may read it; that a list has changed, everybody. */
@Injectable()
export class ChangeAudience {
  mayHear(change: Change, _scopes: readonly string[]): boolean {
    return change.kind === 'list';
  }
}
