import { join } from 'node:path';

import { App } from 'aws-cdk-lib';

import { MailferryStack } from './mailferry-stack.ts';
import { readStageOptions } from './stage-options.ts';

const app = new App();
const options = readStageOptions((key) => app.node.tryGetContext(key) as unknown);
new MailferryStack(app, `Mailferry-${options.stage}`, {
  ...options,
  description: `Mailferry, a POP3 connector: stage ${options.stage}`,
  bundles: join(import.meta.dirname, '../../dist'),
});
