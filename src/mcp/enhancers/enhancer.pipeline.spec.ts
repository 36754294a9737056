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

/** Its parameter is not one that anybody injects, nor is it told which it is. */
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
  it('is made once, where it needs nothing', () => {
    const instances = instancesOf(PickyGuard);
    expect(instances.get(AllowGuard)).toBe(instances.get(AllowGuard));
  });

  it('is refused before there is any call, where it needs something', () => {
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

  it('that have a meaning are those of the body', async () => {
    class WeatherTool {
      execute(@Body('city') city: unknown, context: unknown, @Body() all: unknown) {
        return { city, context, all };
      }
    }
    const answer = pipelineOf(WeatherTool).around(new WeatherTool())(input, CONTEXT);
    expect(await answer).toEqual({ city: 'Paris', context: CONTEXT, all: input });
  });

  it('that speak of HTTP are refused, and not left empty', async () => {
    class WeatherTool {
      execute(@Query('city') city: unknown) {
        return city;
      }
    }
    const answer = pipelineOf(WeatherTool).around(new WeatherTool())(input, CONTEXT);
    await expect(answer).rejects.toThrow('only @Body() has a meaning');
  });
});
