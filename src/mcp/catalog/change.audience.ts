import { Injectable } from '@nestjs/common';
import type { Change } from './change.feed.js';
import { ResourceRegistry } from './resource.registry.js';

/** Decides which callers receive a change: of a resource, those that may read it; of a list, every caller. */
@Injectable()
export class ChangeAudience {
  constructor(private readonly resources: ResourceRegistry) {}

  mayReceive(change: Change, scopes: readonly string[]): boolean {
    return change.kind === 'list' || this.resources.verdictOn(change.uri, scopes) === 'allowed';
  }
}
