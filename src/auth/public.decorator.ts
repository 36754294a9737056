import { SetMetadata } from '@nestjs/common';

export const PUBLIC_METADATA = 'auth:public';

/**
 * Opens a route, or every route of a controller, to anybody: no token is asked for, none is read.
 * A method's own `@RequireScopes()` closes it again.
 */
export const Public = () => SetMetadata(PUBLIC_METADATA, true);
