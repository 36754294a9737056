import type { ModuleMetadata } from '@nestjs/common';
import { ToolsModule } from './tools/tools.module.js';

/** The modules of your application, beside the server: add yours here. */
export const MODULES: NonNullable<ModuleMetadata['imports']> = [ToolsModule];
