import { Stack } from 'aws-cdk-lib';
import type { StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import { Alerts } from './alerts.ts';
import type { StageParts } from './capability.ts';
import { Delivering } from './delivering.ts';
import { Dispatching } from './dispatching.ts';
import { Fetching } from './fetching.ts';
import { HttpApi } from './http-api.ts';
import { LedgerTable } from './ledger-table.ts';
import { MailStore } from './mail-store.ts';
import { Routing } from './routing.ts';
import { StackParameter } from './stack-parameter.ts';
import type { StageOptions } from './stage-options.ts';
import { Sweeping } from './sweeping.ts';

export interface MailferryStackProps extends StackProps, StageOptions {
  /** Folder of the bundles, as `npm run bundle` makes them. */
  readonly bundles: string;
}

/** One stage of Mailferry. Several stand beside each other in one account. */
export class MailferryStack extends Stack {
  constructor(scope: Construct, id: string, props: MailferryStackProps) {
    super(scope, id, props);
    const parts: StageParts = {
      stage: props.stage,
      bundles: props.bundles,
      mailStore: new MailStore(this, 'Mail'),
      ledger: new LedgerTable(this, 'Ledger'),
      alerts: new Alerts(this, 'Alerts', props.alertAddress),
    };
    const fetching = new Fetching(this, 'Fetching', parts, props.fetchConcurrency);
    const routing = new Routing(this, 'Routing', parts);
    const delivering = new Delivering(this, 'Delivering', parts, props);
    parts.mailStore.notify(routing.jobs);
    routing.worker.sendsTo(delivering.jobs);
    delivering.worker.sendsTo(routing.jobs);
    new Dispatching(this, 'Dispatching', parts, fetching.jobs);
    new Sweeping(this, 'Sweeping', parts, [routing.jobs, delivering.jobs]);
    const queues = { fetch: fetching.jobs, route: routing.jobs, deliver: delivering.jobs };
    const { mailStore, ledger, stage } = parts;
    const { url } = new HttpApi(this, 'HttpApi', parts, queues);
    const { ses } = props;
    new StackParameter(this, 'Stack', { stage, mailStore, ledger, ses, queues, api: url });
  }
}
