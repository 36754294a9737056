import type { INestApplication, ModuleMetadata } from '@nestjs/common';
import { ToolsModule } from './tools/tools.module.js';

/** The modules of your application, beside the server: add yours here. */
export const MODULES: NonNullable<ModuleMetadata['imports']> = [ToolsModule];

/** Called before the application listens: for what needs it as a whole, such as `SwaggerModule.setup()` or `app.use()`. */
export function configureApplication(_app: INestApplication): void | Promise<void> {}
