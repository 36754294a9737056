/**
 * Loaded by `node --import` before the server: the modules of a team are not loaded, since they may need services that
 * this machine lacks. It runs before `dist/main.js` too: plain Node strips types, and there are no decorators.
 */
import 'reflect-metadata';
import { MODULES } from '#built/modules.js';
import { EchoTool } from '#built/tools/echo.tool.js';
import { GetTimeTool } from '#built/tools/get-time.tool.js';
import { RandomNumberTool } from '#built/tools/random-number.tool.js';
import { TestTool } from '#built/tools/test.tool.js';
import { ToolsModule } from '#built/tools/tools.module.js';

void MODULES.splice(0, MODULES.length, ToolsModule);
const providers = [TestTool, EchoTool, GetTimeTool, RandomNumberTool];
Reflect.defineMetadata('providers', providers, ToolsModule);
for (const kind of ['imports', 'controllers', 'exports']) Reflect.defineMetadata(kind, [], ToolsModule);
