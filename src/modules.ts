import type { INestApplication, ModuleMetadata } from '@nestjs/common';
import { ToolsModule } from './tools/tools.module.js';

/** The modules of your application, besides the server: add yours here. */
export const MODULES: NonNullable<ModuleMetadata['imports']> = [ToolsModule];

/** Called before the application listens, for example to call `SwaggerModule.setup()` or `app.use()`. */
export function configureApplication(_app: INestApplication): void | Promise<void> {}
