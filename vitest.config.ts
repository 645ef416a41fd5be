import { defineConfig } from 'vitest/config';

/**
 * `fast` needs nothing but Node; `servers` starts Dovecot and Postfix and is run by `npm run test:servers`; `aws`
 * starts MiniStack and is run by `npm run test:aws`; `drain` takes minutes and is run by `npm run test:drain`.
 */
export default defineConfig({
  test: {
    reporters: ['default', './test/support/count-reporter.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxConcurrency: 10,
    // By default one processor is left free, which on a machine of two leaves one idle while a test waits.
    maxWorkers: '100%',
    passWithNoTests: false,
    projects: [
      {
        extends: true,
        test: {
          name: 'fast',
          include: ['test/**/*.test.ts'],
          exclude: ['test/servers/**', 'test/aws/**', 'test/drain/**'],
        },
      },
      {
        extends: true,
        test: {
          name: 'servers',
          include: ['test/servers/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      {
        extends: true,
        test: {
          name: 'drain',
          include: ['test/drain/**/*.test.ts'],
          // It ends its rounds with faults after 100 seconds; the rest drains what they left.
          testTimeout: 300_000,
          fileParallelism: false,
        },
      },
      {
        extends: true,
        test: {
          name: 'aws',
          include: ['test/aws/**/*.test.ts'],
          // A deployment with the CDK, and a retry whose first gap is a minute, are among them.
          testTimeout: 300_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
