import { SetMetadata } from '@nestjs/common';

export const PUBLIC_METADATA = 'auth:public';

/**
 * Makes a route, or every route of a controller, public: no token is required or read. `@RequireScopes()` on a method
 * protects that route again.
 */
export const Public = () => SetMetadata(PUBLIC_METADATA, true);
