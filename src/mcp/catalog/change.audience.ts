import { Injectable } from '@nestjs/common';
import type { Change } from './change.feed.js';
import { ResourceRegistry } from './resource.registry.js';

/** Who may hear of a change: of a resource, whoever may read it; that a list has changed, everybody. */
@Injectable()
export class ChangeAudience {
  constructor(private readonly resources: ResourceRegistry) {}

  mayHear(change: Change, scopes: readonly string[]): boolean {
    return change.kind === 'list' || this.resources.verdictOn(change.uri, scopes) === 'allowed';
  }
}
