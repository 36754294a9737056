import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

/** @type {import('jest').Config} */
export default {
  // Test files share the modules of their worker: loading the application anew for each file took half of the time.
  runner: 'jest-light-runner',
  setupFiles: [fileURLToPath(import.meta.resolve('@swc-node/register/esm-register'))],
  setupFilesAfterEnv: ['<rootDir>/test/runner/setup.ts'],
  testEnvironment: 'node',
  testSequencer: '<rootDir>/test/runner/longest-first.js',
  globalSetup: '<rootDir>/test/runner/servers.js',
  // The runner does not use it, and the other files are plain JavaScript or run as they are.
  transform: {},
  roots: ['<rootDir>/src', '<rootDir>/test', '<rootDir>/conformance'],
  testRegex: '\\.(spec|e2e)\\.ts$',
  // They need a redis-server, and take long: npm run test:cluster.
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/cluster/', '<rootDir>/test/soak/'],
  // Most tests wait for servers and child processes: more workers than cores keep the cores busy.
  maxWorkers: Math.max(4, availableParallelism()),
  reporters: ['default', '<rootDir>/test/canary/canary.reporter.ts'],
};
