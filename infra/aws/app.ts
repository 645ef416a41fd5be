import { join } from 'node:path';

import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';

import { MailferryStack } from './mailferry-stack.ts';
import { readStageOptions } from './stage-options.ts';

const app = new App();
const options = readStageOptions((key) => app.node.tryGetContext(key) as unknown);
new MailferryStack(app, `Mailferry-${options.stage}`, {
  ...options,
  description: `Mailferry, a POP3 connector: stage ${options.stage}`,
  bundles: join(import.meta.dirname, '../../dist'),
});
// A finding without an acknowledgement fails the synthesis, and with it the deployment.
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
