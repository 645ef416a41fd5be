import { Stack } from 'aws-cdk-lib';
import type { StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import { JobFunction } from './job-function.ts';
import { JobQueue } from './job-queue.ts';
import { LedgerTable } from './ledger-table.ts';
import { MailStore } from './mail-store.ts';
import {
  allowLedger,
  allowListing,
  allowReading,
  allowRemoving,
  allowSecrets,
  allowSettings,
  allowWriting,
} from './permissions.ts';
import { StackParameter } from './stack-parameter.ts';
import type { StageOptions } from './stage-options.ts';
import { Tick } from './tick.ts';
import type { FunctionName } from './timings.ts';

export interface MailferryStackProps extends StackProps, StageOptions {
  /** Folder of the bundles, as `npm run bundle` makes them. */
  readonly bundles: string;
}

/** Memory of each function: they stream, so this buys processor time more than room. MiB. */
const MEMORY_MIB: Readonly<Record<FunctionName, number>> = {
  dispatch: 256,
  fetch: 512,
  route: 512,
  deliver: 512,
  sweep: 256,
};

/** Room for messages above the spool's memory limit; several may be under way. MiB. */
const SPOOL_MIB = 2048;

/** Batches of headers routed at once. */
const ROUTES_AT_ONCE = 10;

const TICK_MINUTES = 1;
const SWEEP_MINUTES = 15;

/** One stage of Mailferry. Several stand beside each other in one account. */
export class MailferryStack extends Stack {
  readonly #props: MailferryStackProps;
  readonly #mailStore: MailStore;
  readonly #ledger: LedgerTable;
  readonly #queues: Readonly<Record<'fetch' | 'route' | 'deliver', JobQueue>>;

  constructor(scope: Construct, id: string, props: MailferryStackProps) {
    super(scope, id, props);
    this.#props = props;
    this.#mailStore = new MailStore(this, 'Mail');
    this.#ledger = new LedgerTable(this, 'Ledger');
    this.#queues = {
      fetch: new JobQueue(this, 'FetchQueue', 'fetch'),
      route: new JobQueue(this, 'RouteQueue', 'route'),
      deliver: new JobQueue(this, 'DeliverQueue', 'deliver'),
    };
    this.#mailStore.notify(this.#queues.route);
    this.#addDispatch();
    this.#addFetch();
    this.#addRoute();
    this.#addDeliver();
    this.#addSweep();
    new StackParameter(this, 'Stack', {
      stage: props.stage,
      mailStore: this.#mailStore,
      ledger: this.#ledger,
      queues: this.#queues,
    });
  }

  #addDispatch(): void {
    const { stage } = this.#props;
    const dispatch = this.#function('Dispatch', 'dispatch');
    allowSettings(dispatch.role, stage);
    allowLedger(dispatch.role, this.#ledger, ['items']);
    this.#allowSending(dispatch, ['fetch']);
    new Tick(this, 'DispatchTick', dispatch, TICK_MINUTES);
  }

  /** Creates mail in `Incoming/`, and cannot read, list or delete any. */
  #addFetch(): void {
    const { stage, fetchConcurrency } = this.#props;
    const fetch = this.#function('Fetch', 'fetch', { temporaryMiB: SPOOL_MIB });
    allowSettings(fetch.role, stage);
    allowSecrets(fetch.role, stage, '*');
    allowLedger(fetch.role, this.#ledger, ['items', 'uidls']);
    allowWriting(fetch.role, this.#mailStore.bucket, 'Incoming');
    fetch.feedFrom(this.#queues.fetch, 'fetch', fetchConcurrency);
  }

  #addRoute(): void {
    const { stage } = this.#props;
    const route = this.#function('Route', 'route');
    allowSettings(route.role, stage);
    allowSecrets(route.role, stage, 'mailferry-loop');
    allowLedger(route.role, this.#ledger, ['items']);
    allowReading(route.role, this.#mailStore.bucket, ['Incoming', 'Failed']);
    this.#allowSending(route, ['deliver']);
    route.feedFrom(this.#queues.route, 'route', ROUTES_AT_ONCE);
  }

  #addDeliver(): void {
    const { stage, deliveryConcurrency } = this.#props;
    const { bucket } = this.#mailStore;
    const deliver = this.#function('Deliver', 'deliver');
    allowSettings(deliver.role, stage);
    allowSecrets(deliver.role, stage, '*');
    allowLedger(deliver.role, this.#ledger, ['items']);
    allowReading(deliver.role, bucket, ['Incoming', 'Failed']);
    allowWriting(deliver.role, bucket, 'Failed');
    allowRemoving(deliver.role, bucket, 'Incoming');
    this.#allowSending(deliver, ['route']);
    deliver.feedFrom(this.#queues.deliver, 'deliver', deliveryConcurrency);
  }

  /** Sees what lies there and what is known of it; reads no mail. */
  #addSweep(): void {
    const sweep = this.#function('Sweep', 'sweep');
    allowLedger(sweep.role, this.#ledger, ['items']);
    allowListing(sweep.role, this.#mailStore.bucket);
    this.#allowSending(sweep, ['route', 'deliver']);
    new Tick(this, 'SweepTick', sweep, SWEEP_MINUTES);
  }

  #function(id: string, name: FunctionName, more: { temporaryMiB?: number } = {}): JobFunction {
    return new JobFunction(this, id, {
      name,
      bundles: this.#props.bundles,
      memoryMiB: MEMORY_MIB[name],
      environment: this.#environment(),
      ...more,
    });
  }

  /** Names and addresses; a secret never stands here (I8). */
  #environment(): Record<string, string> {
    return {
      MAILFERRY_STAGE: this.#props.stage,
      MAILFERRY_BUCKET: this.#mailStore.bucket.bucketName,
      MAILFERRY_TABLE: this.#ledger.table.tableName,
      MAILFERRY_FETCH_QUEUE: this.#queues.fetch.queue.queueUrl,
      MAILFERRY_ROUTE_QUEUE: this.#queues.route.queue.queueUrl,
      MAILFERRY_DELIVER_QUEUE: this.#queues.deliver.queue.queueUrl,
    };
  }

  #allowSending(from: JobFunction, to: readonly ('fetch' | 'route' | 'deliver')[]): void {
    for (const name of to) {
      this.#queues[name].allowSending(from.role);
    }
  }
}
