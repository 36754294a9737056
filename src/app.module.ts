import {
  type DynamicModule,
  Module,
  type ModuleMetadata,
  type NestModule,
  type Type,
  UseFilters,
} from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import { APP_GUARD, ApplicationConfig } from '@nestjs/core';
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

function bodyParser({ maxBodyBytes }: HttpSettings): BodyParserGuard {
  return new BodyParserGuard(maxBodyBytes, new Set([...ROUTE_CONTROLLERS, ...PAGES]));
}

/** The application: the server, the team's tools and other modules, logs, health and the front page. */
@Module({})
export class AppModule implements NestModule {
  constructor(private readonly config: ApplicationConfig) {}

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
      providers: [JwtStrategy, { provide: APP_GUARD, inject: [HTTP_SETTINGS], useFactory: bodyParser }],
    };
  }

  /**
   * Runs before the routes are created, so that the order does not depend on the imports: the guard that checks the
   * token comes first, then the one that parses bodies, and all filters of a team come before the fallback.
   */
  configure(): void {
    toFront(this.config.getGlobalGuards(), BodyParserGuard);
    toFront(this.config.getGlobalGuards(), JwtAuthGuard);
    toFront(this.config.getGlobalFilters(), FallbackFilter);
  }
}

/** Moves the instance of `type` to the beginning. Nest runs guards from there, and filters from the end. */
function toFront(enhancers: object[], type: Type): void {
  const at = enhancers.findIndex((enhancer) => enhancer instanceof type);
  enhancers.unshift(...enhancers.splice(at, 1));
}
