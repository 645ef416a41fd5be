import { setTimeout as pause } from 'node:timers/promises';

import type { S3Client } from '@aws-sdk/client-s3';
import { PutObjectCommand } from '@aws-sdk/client-s3';

import type { Random } from '../clock.ts';
import { Failure } from '../failure.ts';
import { exactContent } from './exact-content.ts';
import { s3Failure, statusOf } from './s3-failure.ts';
import type { SpooledMessage } from './spool.ts';

/** One PutObject takes no more (User Guide, "Uploading objects"). Octets. */
const MAX_PUT_OCTETS = 5 * 1024 ** 3;

/** Races between two writers and a deletion of one key, or connections that broke: more in a row is no accident. */
const ATTEMPTS = 5;
const FIRST_PAUSE_MS = 50;

export interface Upload {
  readonly client: S3Client;
  readonly bucket: string;
  readonly key: string;
  readonly message: SpooledMessage;
  /** SHA-256 in hex of what S3 has to find: it refuses anything else. */
  readonly sha256: string;
  readonly metadata: Record<string, string>;
  readonly random: Random;
}

/** Writes an object that is not there yet. `exists`: it was, and is as it was. */
export async function uploadCreateOnly(upload: Upload): Promise<'created' | 'exists'> {
  const { bucket, key, message, random } = upload;
  const place = { action: 'PutObject', bucket, key };
  if (message.size > MAX_PUT_OCTETS) throw tooLarge(message.size, `${bucket}/${key}`);
  for (let attempt = 1; ; attempt += 1) {
    try {
      await putOnce(upload);
      return 'created';
    } catch (error) {
      // Also the answer to a repetition whose first answer was lost: then we are the one that created it.
      if (statusOf(error) === 412) return 'exists';
      if (attempt === ATTEMPTS || !mayPass(error, message)) throw s3Failure(place, error);
    }
    await pause(FIRST_PAUSE_MS * 2 ** (attempt - 1) * (0.5 + random()));
  }
}

async function putOnce(upload: Upload): Promise<void> {
  const { client, bucket, key, message, sha256, metadata } = upload;
  const body = bodyOf(message, key);
  const aborter = new AbortController();
  // The SDK pipes a stream into the request and looks at no error of it: unheard, it would end the process.
  if (!Buffer.isBuffer(body))
    body.once('error', (error) => {
      aborter.abort(error);
    });
  const command = new PutObjectCommand({
    Bucket: bucket,
    Key: key,
    Body: body,
    ContentLength: message.size,
    ContentType: 'message/rfc822',
    ChecksumAlgorithm: 'SHA256',
    ChecksumSHA256: Buffer.from(sha256, 'hex').toString('base64'),
    IfNoneMatch: '*',
    Metadata: metadata,
  });
  try {
    await client.send(command, { abortSignal: aborter.signal });
  } catch (error) {
    throw Buffer.isBuffer(body) ? error : (body.errored ?? error);
  } finally {
    if (!Buffer.isBuffer(body)) body.destroy();
  }
}

/** In one piece where it is in memory anyway: the SDK itself repeats such a request, and no stream. */
function bodyOf(message: SpooledMessage, key: string) {
  if (message.chunks !== null) return Buffer.concat(message.chunks);
  return exactContent(message.content(), message.size, `reading the spooled message for ${key}`);
}

/**
 * 409 ConditionalRequestConflict: another request on the key was under way (User Guide, "Conditional writes": to be
 * repeated). What got no answer, or a 5xx, the SDK repeats for a body in memory, and not for a stream.
 */
function mayPass(error: unknown, message: SpooledMessage): boolean {
  if (error instanceof Failure) return false;
  const status = statusOf(error);
  if (status === 409) return true;
  return message.chunks === null && (status === null || status >= 500);
}

function tooLarge(octets: number, place: string): Failure {
  return new Failure(
    'store',
    'permanent',
    `S3 PutObject ${place}: expected at most ${MAX_PUT_OCTETS} octets, got a message of ${octets}`,
  );
}
