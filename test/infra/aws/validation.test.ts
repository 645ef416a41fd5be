import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, expect, test } from 'vitest';

import { makeScratchFolder } from '../../support/scratch-folder.ts';

const ROOT = join(import.meta.dirname, '../../..');
const scratch = makeScratchFolder('validation');
afterAll(() => {
  scratch.remove();
});

/**
 * `npm run synth` is the one step of CI that validates the template against CloudFormation's own schemas; the tests
 * switch that off, since it takes seconds. That the stack is valid, the step shows; here, that it would see a fault.
 */
test('a fault in the template is an error of the synthesis, by the context of cdk.json', () => {
  const { context } = JSON.parse(readFileSync(join(ROOT, 'cdk.json'), 'utf8')) as {
    context: unknown;
  };
  const script = `
    import { App, Stack } from 'aws-cdk-lib';
    import { CfnQueue } from 'aws-cdk-lib/aws-sqs';
    const context = ${JSON.stringify(context)};
    const outdir = ${JSON.stringify(scratch.path)};
    const app = new App({ outdir, context, analyticsReporting: false });
    const queue = new CfnQueue(new Stack(app, 'Planted'), 'Queue');
    queue.addPropertyOverride('VisibilityTimeout', 'half an hour');
    app.synth();
  `;
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: ROOT,
    encoding: 'utf8',
    env: {},
  });
  expect(status).not.toBe(0);
  expect(stderr).toContain("'half an hour' is not of type 'integer' (CloudFormation Validate)");
  // The validation alone takes seconds of processor time.
}, 120_000);

test('the step has it on, and CI runs it', () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  expect(scripts['synth']).toContain('cdk synth');
  expect(scripts['synth']).not.toMatch(/validation/i);
  expect(scripts['check:code']).toContain('npm run synth');
  expect(readFileSync(join(ROOT, '.ci/run'), 'utf8')).toContain('npm run check:code');
});
