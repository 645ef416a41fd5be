import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../../..');
const MODULE = join(ROOT, 'infra/aws/runtime/function-metrics.ts');

/** As a function's standard output gets it, which CloudWatch makes figures of. */
function printed(script: string, environment: Readonly<Record<string, string>> = {}): string {
  const source = `
    import { functionMetrics } from ${JSON.stringify(MODULE)};
    const metrics = functionMetrics('prod');
    ${script}`;
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module-typescript', '-e', source],
    { encoding: 'utf8', env: { AWS_LAMBDA_FUNCTION_NAME: 'sweep', ...environment } },
  );
  expect(stderr).toBe('');
  return stdout;
}

describe('figures of the functions', () => {
  test('each is a line of the embedded metric format, with the stage as its one dimension', () => {
    const lines = printed(`
      await metrics.publish('OldestOpenSeconds', 90);
      await metrics.publish('Parked', 1);
    `).trim();
    const documents = lines.split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(documents).toMatchObject([
      {
        service: 'mailferry-prod',
        OldestOpenSeconds: 90,
        _aws: {
          CloudWatchMetrics: [
            {
              Namespace: 'Mailferry',
              Dimensions: [['service']],
              Metrics: [{ Name: 'OldestOpenSeconds', Unit: 'Seconds' }],
            },
          ],
        },
      },
      { Parked: 1, service: 'mailferry-prod' },
    ]);
    expect(documents).toHaveLength(2);
  });
});
