/** What a deployment may choose: `cdk deploy -c stage=test -c deliveryConcurrency=8`. */
export interface StageOptions {
  /** Names the stack and the path of its parameters. */
  readonly stage: string;
  /** Connections at once to the destination. */
  readonly deliveryConcurrency: number;
  /** Mailboxes fetched at once. */
  readonly fetchConcurrency: number;
  /** Mail address that alarms are sent to; null: the topic has no subscriber yet. */
  readonly alertAddress: string | null;
  /** Amazon SES as destination; null: deliver has no right to it. */
  readonly ses: SesIdentity | null;
}

export interface SesIdentity {
  /** `delivery.ses.from`. */
  readonly from: string;
  /** Null: the stack's own. */
  readonly region: string | null;
}

/**
 * Part of the stack's name, which CloudFormation puts in front of the names it makes and shortens where they get too
 * long: with 14 characters the bucket's name still begins with all of it, which its queue's policy counts on.
 */
const STAGE = /^[a-z][a-z0-9-]{0,13}$/;

/** What Lambda takes as maximum concurrency of an SQS event source. */
const CONCURRENCY = { least: 2, most: 1000 } as const;

/**
 * @param contextOf the value of a context key, undefined where it is not given
 * @throws Error saying the key, what was expected and what was got
 */
export function readStageOptions(contextOf: (key: string) => unknown): StageOptions {
  const stage = contextOf('stage') ?? 'prod';
  if (typeof stage !== 'string' || !STAGE.test(stage)) {
    throw new Error(
      `context stage: expected 1 to 14 lower-case letters, digits and hyphens, a letter first; got ${JSON.stringify(stage)}`,
    );
  }
  return {
    stage,
    deliveryConcurrency: concurrencyOf(contextOf, 'deliveryConcurrency', 4),
    fetchConcurrency: concurrencyOf(contextOf, 'fetchConcurrency', 8),
    alertAddress: addressOf('alertAddress', contextOf('alertAddress')),
    ses: sesOf(contextOf),
  };
}

function sesOf(contextOf: (key: string) => unknown): SesIdentity | null {
  const from = addressOf('sesFrom', contextOf('sesFrom'));
  const region = contextOf('sesRegion') ?? null;
  if (from === null && region === null) return null;
  if (from !== null && (region === null || (typeof region === 'string' && REGION.test(region)))) {
    return { from, region };
  }
  const expected = from === null ? 'sesFrom beside it' : 'an AWS region such as eu-central-1';
  throw new Error(`context sesRegion: expected ${expected}, got ${JSON.stringify(region)}`);
}

const REGION = /^[a-z]{2}(?:-[a-z]+)+-\d$/;

/** What is no address at all is told before anything is deployed. */
function addressOf(key: string, given: unknown): string | null {
  if (given === undefined || given === '') return null;
  // No wildcard: it becomes part of a resource that a role may use.
  if (typeof given === 'string' && /^[^\s@*?]+@[^\s@*?]+$/.test(given)) return given;
  throw new Error(
    `context ${key}: expected a mail address such as admin@corp.example, got ${JSON.stringify(given)}`,
  );
}

function concurrencyOf(
  contextOf: (key: string) => unknown,
  key: string,
  otherwise: number,
): number {
  const given = contextOf(key);
  if (given === undefined) return otherwise;
  const { least, most } = CONCURRENCY;
  // On the command line every value is a text.
  const value = typeof given === 'string' ? Number(given) : given;
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) {
    return value;
  }
  throw new Error(
    `context ${key}: expected a whole number from ${least} to ${most}, got ${JSON.stringify(given)}`,
  );
}
