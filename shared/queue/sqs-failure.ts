import { Failure } from '../failure.ts';

/**
 * Temporary: what a job points at is in the ledger and in the store, so that the sweep, or the next tick, makes the
 * job again once rights, queue or network are mended.
 * @param place the action and the queue's URL, which holds no secret
 */
export function sqsFailure(place: string, error: unknown): Failure {
  if (error instanceof Failure) return error;
  // A connection that is refused on every address of a host is an AggregateError with an empty message.
  const message = error instanceof Error && error.message !== '' ? `: ${error.message}` : '';
  const text = `SQS ${place}: expected success, got ${sqsErrorCode(error)}${message}`;
  return new Failure('internal', 'temporary', text, { cause: error });
}

/**
 * The receipt is not good for anything any more: its visibility ended and the job is shown again or with somebody
 * else, or the job is done. SQS says so in more than one way (API Reference, ChangeMessageVisibility; a deleted
 * message is an invalid *value* of the parameter ReceiptHandle).
 */
export function isReceiptExpired(error: unknown): boolean {
  const code = sqsErrorCode(error);
  if (/ReceiptHandleIsInvalid|MessageNotInflight/.test(code)) return true;
  const text = error instanceof Error ? error.message : '';
  return code.includes('InvalidParameterValue') && /receipt\s?handle/i.test(text);
}

function sqsErrorCode(error: unknown): string {
  if (!(error instanceof Error)) return 'UnknownError';
  // What got no answer has no metadata of one, and the system's code (`ECONNREFUSED`) says more than its name.
  const isAnswer = '$metadata' in error && '$fault' in error;
  return !isAnswer && 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
