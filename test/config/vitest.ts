import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Four projects, one a level of tests: see README, "Tests". */
export default defineConfig({
  root,
  test: {
    root,
    projects: [
      {
        root,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/cluster/**', 'test/release/**', 'test/simulation/**', '**/node_modules/**'],
          testTimeout: 20_000,
          globalSetup: ['test/support/build.ts'],
        },
      },
      {
        root,
        test: {
          name: 'simulation',
          include: ['test/simulation/**/*.test.ts'],
          testTimeout: 300_000,
          globalSetup: ['test/support/build.ts'],
        },
      },
      {
        root,
        test: {
          name: 'release',
          include: ['test/release/**/*.test.ts'],
          testTimeout: 120_000,
          fileParallelism: false,
          maxWorkers: 1,
        },
      },
      {
        root,
        test: {
          name: 'cluster',
          include: ['test/cluster/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
          maxWorkers: 1,
          globalSetup: ['test/cluster/support/global-setup.ts'],
        },
      },
    ],
  },
});
