import tseslint from 'typescript-eslint';

/**
 * One linter, typed rules, no warnings allowed. The project's own bans stand below, each with its reason.
 */
export default tseslint.config(
  {
    ignores: [
      'node_modules',
      'dist',
      'cdk.out',
      'coverage',
      '.stryker-tmp',
      'test/layers/planted',
      '.dependency-cruiser.cjs',
    ],
  },
  ...tseslint.configs.strictTypeChecked,
  ...tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      complexity: ['error', 12],
      'max-lines': ['error', 400],
      'max-lines-per-function': ['error', { max: 80, skipComments: true, skipBlankLines: true }],
      'no-console': 'error',
      // A module replaced under a test proves nothing about the real one.
      'no-restricted-properties': [
        'error',
        { object: 'vi', property: 'mock', message: 'Write a fake at one of our own ports.' },
        { object: 'vi', property: 'doMock', message: 'Write a fake at one of our own ports.' },
        // One config module a program reads the environment; all else is passed in.
        { object: 'process', property: 'env', message: 'Read it in a config module.' },
      ],
    },
  },
  {
    files: [
      '**/config.ts',
      'manager/launch/disk-threads.js',
      'test/support/**',
      'test/bench/**',
      'vitest.config.ts',
    ],
    rules: { 'no-restricted-properties': 'off' },
  },
  {
    files: ['manager/**', 'test/demo/**', 'test/bench/**', 'test/layers/**', 'test/support/**'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['test/**'],
    rules: { 'max-lines-per-function': 'off' },
  },
  // The compiler sees but one of manager/mailferry.js and manager/mailferry.ts, which imports it.
  { files: ['*.js', 'manager/mailferry.js'], ...tseslint.configs.disableTypeChecked },
);
