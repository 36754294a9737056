/**
 * Loaded by `node --import` before a built server: the modules of a team are not loaded, since they may need services
 * that this machine lacks. Plain Node runs this file, like `extra-tool.preload.ts`.
 */
import { pathToFileURL } from 'node:url';
import type * as Modules from '../../src/modules.js';
import type * as Tools from '../../src/tools/tools.module.js';

const dist = pathToFileURL(`${import.meta.dirname}/../../dist/`).href;
await import('reflect-metadata');
const { MODULES } = (await import(`${dist}modules.js`)) as typeof Modules;
const { ToolsModule } = (await import(`${dist}tools/tools.module.js`)) as typeof Tools;
const files = ['test', 'echo', 'get-time', 'random-number'].map((name) => `${dist}tools/${name}.tool.js`);
const loaded = await Promise.all(files.map((file): Promise<object> => import(file)));

void MODULES.splice(0, MODULES.length, ToolsModule);
const providers: unknown[] = loaded.flatMap((module) => Object.values(module));
Reflect.defineMetadata('providers', providers, ToolsModule);
for (const kind of ['imports', 'controllers', 'exports']) Reflect.defineMetadata(kind, [], ToolsModule);
