/**
 * Loaded by `node --import` before `main.ts`. Plain Node cannot strip the decorators of the classes in this folder.
 * Their imports of `src/` are replaced by the built server.
 */
import { transformFileSync } from '@swc/core';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';

const APP = new URL('./', import.meta.url).href;
const DIST = new URL('../../dist/', import.meta.url);
const FROM_SOURCE = /^(?:\.\.\/)+src\//;

registerHooks({
  resolve: (specifier, context, next) =>
    FROM_SOURCE.test(specifier)
      ? next(new URL(specifier.replace(FROM_SOURCE, ''), DIST).href, context)
      : next(specifier, context),
  load(url, context, next) {
    if (!url.startsWith(APP)) return next(url, context);
    return { format: 'module', source: transformFileSync(fileURLToPath(url)).code, shortCircuit: true };
  },
});
