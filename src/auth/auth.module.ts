import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { JwtModule } from '@nestjs/jwt';
import { AUTH_SETTINGS } from '../config/index.js';
import { AuthResponder } from './auth.responder.js';
import { AuthLog } from './auth.log.js';
import { JwtAuthGuard } from './jwt-auth.guard.js';
import { ProtectedResourceController } from './protected-resource.controller.js';
import { PrincipalFactory } from './tokens/principal.factory.js';
import { DevelopmentTokenService } from './tokens/development-token.service.js';
import { FailureLimiter } from './tokens/failure.limiter.js';
import { RevocationController } from './tokens/revocation.controller.js';
import { RevocationService } from './tokens/revocation.service.js';
import { TokenAuthenticator } from './tokens/token.authenticator.js';
import { TokenController } from './tokens/token.controller.js';
import { jwtOptionsFrom, TokenIssuer } from './tokens/token.issuer.js';
import { TokenVerifier } from './tokens/token.verifier.js';
import { deferredIssuers, TRUSTED_ISSUERS } from './tokens/trusted-issuer.js';

/**
 * Authentication and authorization. Importing it protects every route that is not `@Public()`. It needs the settings,
 * the backplane's `RevocationStore` and `RateLimiter`, and an `AuditTrail`, from global modules.
 */
@Module({
  imports: [JwtModule.registerAsync({ inject: [AUTH_SETTINGS], useFactory: jwtOptionsFrom })],
  controllers: [TokenController, RevocationController, ProtectedResourceController],
  providers: [
    { provide: TRUSTED_ISSUERS, inject: [AUTH_SETTINGS], useFactory: deferredIssuers },
    { provide: APP_GUARD, useClass: JwtAuthGuard },
    AuthResponder,
    PrincipalFactory,
    AuthLog,
    DevelopmentTokenService,
    FailureLimiter,
    RevocationService,
    TokenAuthenticator,
    TokenIssuer,
    TokenVerifier,
  ],
  exports: [TokenAuthenticator, TokenIssuer],
})
export class AuthModule {}
