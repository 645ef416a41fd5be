import { defineConfig } from 'vitest/config';

/** The tests that `npm run test:mutation` runs against each mutant. */
export default defineConfig({
  test: {
    include: ['test/{mail,routing,corpus}/**/*.test.ts'],
    // Size alone: they tell a slow reader, not a wrong one, and each takes as long as all the others.
    exclude: [
      'test/mail/large-fields.test.ts',
      'test/routing/large-mail.test.ts',
      'test/corpus/foreign-mail.test.ts',
    ],
    setupFiles: ['test/mutation/brief-properties.ts'],
    testTimeout: 60_000,
    passWithNoTests: false,
  },
});
