import { Body, type CanActivate, Query, type Type, UseGuards } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import type { CallContext } from '../decorators/call-context.js';
import { EnhancerInstances } from './enhancer.instances.js';
import { EnhancerPipeline } from './enhancer.pipeline.js';
import { Enhancers } from './enhancers.js';

const CONTEXT = { signal: new AbortController().signal } as CallContext;

class AllowGuard implements CanActivate {
  canActivate(): boolean {
    return true;
  }
}

/** Its parameter cannot be injected. */
class PickyGuard extends AllowGuard {
  constructor(readonly scope: string) {
    super();
  }
}

const instancesOf = (owner: Type) => new EnhancerInstances(new ModulesContainer(), owner, undefined);
const pipelineOf = (tool: Type<{ execute(...args: unknown[]): unknown }>) =>
  new EnhancerPipeline(
    // oxlint-disable-next-line typescript/unbound-method -- it is where the decorators leave what they say
    new Enhancers(tool, tool.prototype.execute, 'execute'),
    'execute',
    instancesOf(tool),
  );

describe('an enhancer that Nest does not know', () => {
  it('is created once, where it has no dependencies', () => {
    const instances = instancesOf(PickyGuard);
    expect(instances.get(AllowGuard)).toBe(instances.get(AllowGuard));
  });

  it('is refused at start, where it has dependencies', () => {
    @UseGuards(PickyGuard)
    class OrderTool {
      execute(): void {}
    }
    expect(() => pipelineOf(OrderTool)).toThrow(
      'Class OrderTool: Nest does not know its PickyGuard; list PickyGuard among the providers of a module',
    );
  });
});

describe('the decorators of parameters', () => {
  const input = { city: 'Paris', days: 3 };

  it('that work are those of the body', async () => {
    class WeatherTool {
      execute(@Body('city') city: unknown, context: unknown, @Body() all: unknown) {
        return { city, context, all };
      }
    }
    const answer = pipelineOf(WeatherTool).around(new WeatherTool())(input, CONTEXT);
    expect(await answer).toEqual({ city: 'Paris', context: CONTEXT, all: input });
  });

  it('for HTTP are refused, not left undefined', async () => {
    class WeatherTool {
      execute(@Query('city') city: unknown) {
        return city;
      }
    }
    const answer = pipelineOf(WeatherTool).around(new WeatherTool())(input, CONTEXT);
    await expect(answer).rejects.toThrow('supports only @Body()');
  });
});
