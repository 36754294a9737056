import type { Type } from '@nestjs/common';
import {
  EXCEPTION_FILTERS_METADATA,
  GUARDS_METADATA,
  INTERCEPTORS_METADATA,
  PIPES_METADATA,
  ROUTE_ARGS_METADATA,
} from '@nestjs/common/constants.js';

const KINDS = [GUARDS_METADATA, INTERCEPTORS_METADATA, PIPES_METADATA, EXCEPTION_FILTERS_METADATA];

/** The enhancers that Nest's decorators declare for a method, its class and its parameters. */
export class Enhancers {
  readonly hasFilters: boolean;
  /** The method has no enhancers. */
  readonly none: boolean;
  private readonly all: readonly unknown[];

  constructor(classRef: Type, callback: object, method: string) {
    const of = (kind: string): unknown[] => [...listed(kind, classRef), ...listed(kind, callback)];
    const parameters = Object.values(
      (Reflect.getMetadata(ROUTE_ARGS_METADATA, classRef, method) ?? {}) as Record<string, Parameter>,
    );
    this.hasFilters = of(EXCEPTION_FILTERS_METADATA).length > 0;
    this.all = [...KINDS.flatMap(of), ...parameters.flatMap(({ pipes = [] }) => pipes)];
    this.none = this.all.length === 0 && parameters.length === 0;
  }

  /** Enhancers given as classes, whose instances have to be found or created. */
  get classes(): readonly Type[] {
    return this.all.filter((enhancer): enhancer is Type => typeof enhancer === 'function');
  }
}

interface Parameter {
  readonly pipes?: readonly unknown[];
}

function listed(kind: string, target: object): readonly unknown[] {
  return (Reflect.getMetadata(kind, target) ?? []) as readonly unknown[];
}
