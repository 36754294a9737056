/**
 * Loaded by `node --import` ahead of `main.ts`: the classes here are written as in any project, with
 * decorators, which plain Node cannot strip; and they import `src/`, which stands for the built server.
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
