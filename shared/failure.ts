/**
 * A failure that says, from the place that knows, whether trying again can help.
 *
 * `temporary`: the same step may succeed later without anybody's doing (a refused connection, a 4xx reply).
 * `permanent`: it will not (a 5xx reply, a wrong setting); somebody has to change something.
 */
export type Permanence = 'temporary' | 'permanent';

/** What went wrong, in the words that `status` and `run --json` use for a mailbox, and the pipeline's own. */
export type FailureKind =
  | 'connect'
  | 'tls'
  | 'login'
  | 'protocol'
  | 'timeout'
  | 'suspended'
  | 'settings'
  | 'secret'
  | 'store'
  | 'ledger'
  | 'internal';

/** An expected failure: its message says what was expected, what was got and where; never a secret, never mail content. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly kind: FailureKind;
  readonly permanence: Permanence;

  constructor(
    kind: FailureKind,
    permanence: Permanence,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
    this.kind = kind;
    this.permanence = permanence;
  }
}

export function isFailure(error: unknown): error is Failure {
  return error instanceof Failure;
}

/**
 * The text of anything thrown. A fault that nobody classified is `internal` and temporary: mail waits, and is
 * looked at, rather than being given up.
 */
export function asFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new Failure('internal', 'temporary', message, { cause: error });
}
