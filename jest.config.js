import { availableParallelism } from 'node:os';

/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/src', '<rootDir>/test', '<rootDir>/conformance'],
  testRegex: '\\.(spec|e2e)\\.ts$',
  // They need a redis-server, and take long: npm run test:cluster.
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/cluster/'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': '@swc/jest' },
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  // Most tests wait for servers and child processes: more workers than cores keep the cores busy.
  maxWorkers: Math.max(4, availableParallelism()),
  // For what never happens: a busy machine takes its time.
  testTimeout: 120_000,
  reporters: ['default', '<rootDir>/test/canary/canary.reporter.ts'],
};
