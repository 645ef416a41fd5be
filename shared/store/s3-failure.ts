import { Failure } from '../failure.ts';

/** Which request to which object: what an administrator needs to find the missing right or the wrong name. */
export interface S3Place {
  /** Name of the API action: `GetObject`. */
  readonly action: string;
  readonly bucket: string;
  /** Key or prefix. */
  readonly key: string;
}

/** Codes of the S3 API (User Guide, "List of error codes") that have a cure which the code does not tell. */
const ADVICE: Readonly<Record<string, string>> = {
  AccessDenied:
    'the role or the bucket policy denies it; without s3:ListBucket on the bucket, S3 says this of a missing key too',
  NoSuchBucket: 'there is no such bucket in this account and region',
  SlowDown: 'S3 throttles this prefix; it passes',
  RequestTimeTooSkewed: 'the clock of this machine is wrong',
};

/**
 * What the store's port throws: temporary, since the message stays where it is until rights, bucket or network are
 * mended, and the next try goes on.
 */
export function s3Failure(place: S3Place, error: unknown): Failure {
  if (error instanceof Failure) return error;
  const { action, bucket, key } = place;
  const code = s3ErrorCode(error);
  const status = statusOf(error);
  const got = status === null ? code : `${status} ${code}`;
  // A connection that is refused on every address of a host is an AggregateError with an empty message.
  const message = error instanceof Error && error.message !== '' ? `: ${error.message}` : '';
  const advice = ADVICE[code];
  const text = `S3 ${action} ${bucket}/${key}: expected success, got ${got}${message}`;
  return new Failure('store', 'temporary', advice === undefined ? text : `${text} (${advice})`, {
    cause: error,
  });
}

/** The code of S3's answer, else that of the system (`ECONNREFUSED`). An answer to HEAD has no body to tell one. */
export function s3ErrorCode(error: unknown): string {
  if (!(error instanceof Error)) return 'UnknownError';
  if (statusOf(error) === null && 'code' in error && typeof error.code === 'string')
    return error.code;
  return error.name;
}

/** HTTP status; null where no answer came. */
export function statusOf(error: unknown): number | null {
  if (typeof error !== 'object' || error === null || !('$metadata' in error)) return null;
  const { httpStatusCode } = error.$metadata as { httpStatusCode?: number };
  return httpStatusCode ?? null;
}

/** The object is not there. A bucket that is not there answers 404 as well, under its own code. */
export function isMissing(error: unknown): boolean {
  return ['NoSuchKey', 'NotFound'].includes(s3ErrorCode(error));
}
