import type { Reporter, TestModule } from 'vitest/node';

/**
 * Prints `N passed, N failed` as the last line of a run, the plain closing line that every caller can read.
 * A file that could not be loaded counts as one failure: it ran none of its tests.
 */
export default class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    let passed = 0;
    let failed = unhandledErrors.length;
    let skipped = 0;
    for (const module of modules) {
      const results = [...module.children.allTests()].map((test) => test.result().state);
      passed += results.filter((state) => state === 'passed').length;
      failed += results.filter((state) => state === 'failed').length;
      skipped += results.filter((state) => state === 'skipped').length;
      if (module.errors().length > 0) failed += 1;
    }
    const tail = skipped > 0 ? `, ${String(skipped)} skipped` : '';
    process.on('exit', () => {
      process.stdout.write(`${String(passed)} passed, ${String(failed)} failed${tail}\n`);
    });
  }
}
