import { Readable } from 'node:stream';

import type { GetObjectCommandOutput, S3Client } from '@aws-sdk/client-s3';
import { GetObjectCommand } from '@aws-sdk/client-s3';

import { Failure } from '../failure.ts';
import { exactContent } from './exact-content.ts';
import { isMissing, s3ErrorCode, s3Failure } from './s3-failure.ts';

/**
 * Opens an object for reading. The SDK compares what comes with the digest that was stored, where it reads the whole.
 * @param length read no more than the first `length` octets
 * @returns null for no object; `empty` for one without any octet, of which no range can be given (RFC 9110 section 14.1.1)
 */
export async function getObject(
  client: S3Client,
  bucket: string,
  key: string,
  length?: number,
): Promise<GetObjectCommandOutput | 'empty' | null> {
  // For no octet at all the first one: the answer to HEAD could not tell a missing bucket from a missing object.
  const range = length === undefined ? {} : { Range: `bytes=0-${Math.max(length, 1) - 1}` };
  try {
    return await client.send(new GetObjectCommand({ Bucket: bucket, Key: key, ...range }));
  } catch (error) {
    if (isMissing(error)) return null;
    if (s3ErrorCode(error) === 'InvalidRange') return 'empty';
    throw s3Failure({ action: 'GetObject', bucket, key }, error);
  }
}

/** The octets that were asked for: all of them, or an error. */
export function contentOf(got: GetObjectCommandOutput, key: string, length?: number): Readable {
  const { Body, ContentLength } = got;
  if (!(Body instanceof Readable) || ContentLength === undefined) {
    throw new Failure('store', 'temporary', `S3 GetObject ${key}: expected content, got none`);
  }
  const content = exactContent(Body, ContentLength, `S3 GetObject ${key}`);
  if (length !== 0) return content;
  // The one octet is read to its end, so that the connection can be used again.
  content.resume();
  return Readable.from([]);
}

/** Octets of the whole object (RFC 9110 section 14.4: `bytes 0-65535/81920`). */
export function wholeSize({ ContentRange, ContentLength }: GetObjectCommandOutput): number {
  const whole = /\/(\d+)$/.exec(ContentRange ?? '')?.[1];
  return whole === undefined ? (ContentLength ?? 0) : Number(whole);
}
