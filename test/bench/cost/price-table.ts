/**
 * What AWS asks, read on 22 November 2026 from the sources named at each line. Prices change: whoever renews a line
 * renews its date. Without taxes, and without discounts of an account.
 */
export const PRICES_OF = { region: 'us-east-1', currency: 'US dollars', month: 'November 2026' };

export interface Price {
  readonly dollars: number;
  /** How many units that is for. */
  readonly per: number;
  readonly unit: string;
  /** Units of each month that every account has for nothing, for good; 0: none. */
  readonly freeAMonth: number;
  readonly source: string;
}

const MILLION = 1e6;

export const PRICES = {
  s3Write: {
    ...{ dollars: 5, per: MILLION, unit: 'PUT, COPY, POST, LIST', freeAMonth: 0 },
    source: 'price list of Amazon S3, published 28 September 2026',
  },
  s3Read: {
    ...{ dollars: 0.4, per: MILLION, unit: 'GET, HEAD', freeAMonth: 0 },
    source: 'price list of Amazon S3, published 28 September 2026',
  },
  s3Delete: {
    ...{ dollars: 0, per: MILLION, unit: 'DELETE', freeAMonth: 0 },
    source: 'price list of Amazon S3, published 28 September 2026',
  },
  dynamoWrite: {
    ...{ dollars: 0.625, per: MILLION, unit: 'write units, on demand', freeAMonth: 0 },
    source: 'pricing page of DynamoDB, on-demand capacity, as quoted in 2026',
  },
  dynamoRead: {
    ...{ dollars: 0.125, per: MILLION, unit: 'read units, on demand', freeAMonth: 0 },
    source: 'pricing page of DynamoDB, on-demand capacity, as quoted in 2026',
  },
  sqs: {
    ...{ dollars: 0.4, per: MILLION, unit: 'requests of standard queues', freeAMonth: MILLION },
    source: 'pricing page of Amazon SQS, as quoted in March and June 2026',
  },
  ssm: {
    ...{ dollars: 0, per: MILLION, unit: 'requests, standard throughput', freeAMonth: 0 },
    source: 'pricing page of Systems Manager, standard parameters',
  },
  lambdaCalls: {
    ...{ dollars: 0.2, per: MILLION, unit: 'invocations', freeAMonth: MILLION },
    source: 'pricing page of AWS Lambda, Arm, as quoted in September 2026',
  },
  lambdaTime: {
    ...{ dollars: 0.0000133334, per: 1, unit: 'GB-seconds, Arm', freeAMonth: 400_000 },
    source: 'pricing page of AWS Lambda, Arm, as quoted in September 2026',
  },
  scheduler: {
    ...{ dollars: 1, per: MILLION, unit: 'invocations', freeAMonth: 14 * MILLION },
    source: 'pricing page of EventBridge Scheduler, as quoted in March 2026',
  },
  logs: {
    ...{ dollars: 0.5, per: 1e9, unit: 'octets taken in', freeAMonth: 5e9 },
    source: 'pricing page of CloudWatch Logs, as quoted in 2026',
  },
  alarms: {
    ...{ dollars: 0.1, per: 1, unit: 'alarms of one metric', freeAMonth: 10 },
    source: 'pricing page of CloudWatch, as quoted in 2026',
  },
  metrics: {
    ...{ dollars: 0.3, per: 1, unit: 'metrics of our own', freeAMonth: 10 },
    source: 'pricing page of CloudWatch, as quoted in 2026',
  },
} as const satisfies Readonly<Record<string, Price>>;

export type PriceName = keyof typeof PRICES;

/** Units by price. */
export type Usage = Readonly<Partial<Record<PriceName, number>>>;
