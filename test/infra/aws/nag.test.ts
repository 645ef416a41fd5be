import { App, Stack, Validations } from 'aws-cdk-lib';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { AwsSolutionsChecks } from 'cdk-nag';
import { afterAll, expect, test } from 'vitest';

import { MailferryStack } from '../../../infra/aws/mailferry-stack.ts';
import { makeScratchFolder } from '../../support/scratch-folder.ts';
import { withoutSlowValidation, writeStandInBundles } from '../../support/synthesized-stage.ts';

const scratch = makeScratchFolder('nag');
afterAll(() => {
  scratch.remove();
});

function checkedApp(name: string): App {
  withoutSlowValidation();
  const app = new App({ outdir: `${scratch.path}/${name}`, analyticsReporting: false });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  return app;
}

test('the stack has no finding of AwsSolutions that is not acknowledged with a reason', () => {
  const app = checkedApp('stage');
  const bundles = writeStandInBundles(scratch.path);
  new MailferryStack(app, 'Mailferry-prod', {
    stage: 'prod',
    deliveryConcurrency: 4,
    fetchConcurrency: 8,
    ses: { from: 'connector@corp.example', region: null },
    alertAddress: 'admin@corp.example',
    bundles,
  });
  expect(() => app.synth()).not.toThrow();
});

test('a fault that is planted is found, so the check is one', () => {
  const app = checkedApp('planted');
  new Bucket(new Stack(app, 'Planted'), 'Open');
  expect(() => app.synth()).toThrow('The S3 Bucket has server access logs disabled');
});
