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
    alertAddress: addressOf(contextOf('alertAddress')),
  };
}

/** SNS sends a confirmation there first; what is no address at all is told before anything is deployed. */
function addressOf(given: unknown): string | null {
  if (given === undefined || given === '') return null;
  if (typeof given === 'string' && /^[^\s@]+@[^\s@]+$/.test(given)) return given;
  throw new Error(
    `context alertAddress: expected a mail address such as admin@corp.example, got ${JSON.stringify(given)}`,
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
