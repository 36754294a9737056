import {
  type DynamicModule,
  Inject,
  Module,
  type ModuleMetadata,
  type NestModule,
  type Type,
  UseFilters,
} from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import { ApplicationConfig, ModulesContainer } from '@nestjs/core';
import { JwtAuthGuard, JwtStrategy, Public } from './auth/index.js';
import { HTTP_SETTINGS, type HttpSettings, type Settings } from './config/index.js';
import {
  BodyParserGuard,
  FallbackFilter,
  HttpModule,
  LandingController,
  ProblemFilter,
} from './http/index.js';
import { SERVER_IDENTITY } from './identity.js';
import { MODULES } from './modules.js';
import { HealthController, ObservabilityModule } from './observability/index.js';
import { ROUTE_CONTROLLERS, ServerModule } from './server/index.js';

const PAGES: readonly Type[] = [HealthController, LandingController];

/** Routes that need no token, in addition to those of `auth`. Their errors have the form of the server's own errors. */
for (const controller of PAGES) {
  Public()(controller);
  UseFilters(ProblemFilter)(controller);
}

/** The controllers that need no parsed body; all others are a team's. */
const OWN_CONTROLLERS: ReadonlySet<unknown> = new Set([...ROUTE_CONTROLLERS, ...PAGES]);

/** The application: the server, the team's tools and other modules, logs, health and the front page. */
@Module({})
export class AppModule implements NestModule {
  constructor(
    private readonly config: ApplicationConfig,
    private readonly modules: ModulesContainer,
    @Inject(HTTP_SETTINGS) private readonly settings: HttpSettings,
  ) {}

  /** `modules`: those of the team; tests of the server pass their own. */
  static forRoot(settings: Settings, modules: ModuleMetadata['imports'] = MODULES): DynamicModule {
    return {
      module: AppModule,
      imports: [
        // For the settings of the team's own modules; `.env` is in the environment already.
        ConfigModule.forRoot({ isGlobal: true, ignoreEnvFile: true }),
        ServerModule.forSettings(settings, SERVER_IDENTITY),
        ...modules,
        ObservabilityModule,
        HttpModule,
      ],
      providers: [JwtStrategy],
    };
  }

  /**
   * Runs before the routes are created, so that the order does not depend on the imports: the guard that checks the
   * token comes first, then, where a team has controllers, the one that parses bodies, and all filters of a team come
   * before the fallback.
   */
  configure(): void {
    const guards: object[] = this.config.getGlobalGuards();
    const controllers = [...this.modules.values()].flatMap((module) => [...module.controllers.keys()]);
    if (!controllers.every((controller) => OWN_CONTROLLERS.has(controller))) {
      guards.unshift(new BodyParserGuard(this.settings.maxBodyBytes, OWN_CONTROLLERS));
    }
    toFront(guards, JwtAuthGuard);
    toFront(this.config.getGlobalFilters(), FallbackFilter);
  }
}

/** Moves the instance of `type` to the beginning. Nest runs guards from there, and filters from the end. */
function toFront(enhancers: object[], type: Type): void {
  const at = enhancers.findIndex((enhancer) => enhancer instanceof type);
  enhancers.unshift(...enhancers.splice(at, 1));
}
