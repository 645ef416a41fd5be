import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';

import type { GetObjectCommandOutput, S3Client } from '@aws-sdk/client-s3';
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3';

import type { Random } from '../clock.ts';
import { Failure } from '../failure.ts';
import { formatKey, parseKey } from '../mail/message-key.ts';
import type { MessageKey } from '../mail/message-key.ts';
import type {
  Area,
  ArrivalMetadata,
  FailureReport,
  FoundMessage,
  ListedMessage,
  MailStore,
  OpenedMessage,
} from './mail-store.ts';
import { measureMessage } from './measure.ts';
import { fromObjectMetadata, toObjectMetadata } from './s3-arrival.ts';
import { isMissing, s3Failure } from './s3-failure.ts';
import { contentOf, getObject, wholeSize } from './s3-object.ts';
import { uploadCreateOnly } from './s3-upload.ts';
import type { SpooledMessage } from './spool.ts';
import { parsedReport, transcriptOf } from './stored-report.ts';

export interface S3MailStoreOptions {
  readonly client: S3Client;
  readonly bucket: string;
  /** What may be opened: `open` passes over the other area. */
  readonly readable?: readonly Area[];
  /** Spreads repetitions. */
  readonly random?: Random;
}

/**
 * The mail store as S3 objects: `Incoming/<mailbox>/<sha256>.eml` holds exactly the octets of the message, and S3
 * itself checks them against the digest that is their name. In the normal case a message costs one PUT and two GET.
 */
export function s3MailStore(options: S3MailStoreOptions): MailStore {
  return new S3MailStore(options);
}

/** In the order in which a message goes through them. */
const AREAS: readonly Area[] = ['Incoming', 'Failed'];

class S3MailStore implements MailStore {
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #readable: readonly Area[];
  readonly #random: Random;

  constructor({ client, bucket, readable = AREAS, random = Math.random }: S3MailStoreOptions) {
    this.#client = client;
    this.#bucket = bucket;
    this.#readable = readable;
    this.#random = random;
  }

  create(
    key: MessageKey,
    message: SpooledMessage,
    metadata: ArrivalMetadata,
  ): Promise<'created' | 'exists'> {
    return uploadCreateOnly({
      client: this.#client,
      bucket: this.#bucket,
      key: objectKey('Incoming', key),
      message,
      sha256: key.sha256,
      metadata: toObjectMetadata(metadata),
      random: this.#random,
    });
  }

  async open(key: MessageKey, length?: number): Promise<OpenedMessage | null> {
    for (const area of this.#readable) {
      const opened = await this.#openIn(area, key, length);
      if (opened !== null) return opened;
    }
    return null;
  }

  async find(key: MessageKey): Promise<FoundMessage | null> {
    for (const area of AREAS) {
      // Listed, and not asked for by HEAD: that takes the right to read the mail itself.
      const { Contents = [] } = await this.#attempt(
        'ListObjectsV2',
        objectKey(area, key),
        ({ Bucket, Key }) =>
          this.#client.send(new ListObjectsV2Command({ Bucket, Prefix: Key, MaxKeys: 1 })),
      );
      const [found] = Contents;
      if (found !== undefined) return { area, storedAt: found.LastModified?.getTime() ?? 0 };
    }
    return null;
  }

  async park(key: MessageKey, report: FailureReport): Promise<void> {
    if (!(await this.#copyToFailed(key)) && !(await this.#isInFailed(key))) {
      throw new Failure(
        'store',
        'permanent',
        `parking ${formatKey(key)}: expected the message in Incoming/ or Failed/, found it in neither`,
      );
    }
    const transcript = report.transcript ?? transcriptOf(await this.report(key));
    await this.#attempt('PutObject', reportKey(key), (at) =>
      this.#client.send(
        new PutObjectCommand({
          ...at,
          Body: `${JSON.stringify({ ...report, transcript }, null, 2)}\n`,
          ContentType: 'application/json',
        }),
      ),
    );
  }

  async report(key: MessageKey): Promise<unknown> {
    const name = reportKey(key);
    const got = await getObject(this.#client, this.#bucket, name);
    return got === null || got === 'empty' ? null : parsedReport(await text(contentOf(got, name)));
  }

  async remove(area: Area, key: MessageKey): Promise<void> {
    await this.#delete(objectKey(area, key));
    if (area === 'Failed') await this.#delete(reportKey(key));
  }

  list(area: Area): AsyncIterable<ListedMessage> {
    return this.#list(area, '.eml');
  }

  listReports(): AsyncIterable<ListedMessage> {
    return this.#list('Failed', '.json');
  }

  async *#list(area: Area, ending: string): AsyncIterable<ListedMessage> {
    let ContinuationToken: string | undefined;
    do {
      const page = await this.#attempt('ListObjectsV2', `${area}/`, ({ Bucket, Key }) =>
        this.#client.send(
          new ListObjectsV2Command({
            Bucket,
            Prefix: Key,
            ...(ContinuationToken && { ContinuationToken }),
          }),
        ),
      );
      for (const { Key = '', LastModified } of page.Contents ?? []) {
        const key = keyOfObject(area, Key, ending);
        if (key !== null) yield { key, storedAt: LastModified?.getTime() ?? 0 };
      }
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
  }

  async #openIn(
    area: Area,
    key: MessageKey,
    length: number | undefined,
  ): Promise<OpenedMessage | null> {
    const name = objectKey(area, key);
    const got = await getObject(this.#client, this.#bucket, name, length);
    if (got === null) return null;
    const content = got === 'empty' ? Readable.from([]) : contentOf(got, name, length);
    try {
      const metadata = await this.#metadata(name, got);
      return { area, metadata, content };
    } catch (error) {
      content.destroy();
      throw error;
    }
  }

  async #metadata(name: string, got: GetObjectCommandOutput | 'empty'): Promise<ArrivalMetadata> {
    const { Metadata = {}, LastModified } = got === 'empty' ? await this.#head(name) : got;
    const size = got === 'empty' ? 0 : wholeSize(got);
    return fromObjectMetadata(Metadata, size) ?? this.#measured(name, LastModified);
  }

  #head(name: string) {
    return this.#attempt('HeadObject', name, (at) => this.#client.send(new HeadObjectCommand(at)));
  }

  /** What somebody put there by hand has no metadata of ours; it is mail all the same. */
  async #measured(name: string, storedAt: Date | undefined): Promise<ArrivalMetadata> {
    const whole = await getObject(this.#client, this.#bucket, name);
    if (whole === null || whole === 'empty') throw vanished(name);
    const measured = await measureMessage(contentOf(whole, name));
    return { ...measured, uidlHash: null, arrivedAt: storedAt?.getTime() ?? 0, recipient: null };
  }

  /** Over a copy that is there already, too: it is the same bytes. @returns false when it is not in `Incoming/` */
  async #copyToFailed(key: MessageKey): Promise<boolean> {
    const from = objectKey('Incoming', key);
    try {
      // Nothing in bucket names or our keys needs the URL encoding that CopySource asks for.
      const CopySource = `${this.#bucket}/${from}`;
      const copied = await this.#client.send(
        new CopyObjectCommand({ Bucket: this.#bucket, Key: objectKey('Failed', key), CopySource }),
      );
      if (copied.CopyObjectResult?.ETag !== undefined) return true;
    } catch (error) {
      if (isMissing(error)) return false;
      throw s3Failure({ action: 'CopyObject', bucket: this.#bucket, key: from }, error);
    }
    // The object leaves Incoming/ after this: an answer that confirms nothing must not count as a copy (I2).
    throw unconfirmed(`${this.#bucket}/${from}`);
  }

  async #isInFailed(key: MessageKey): Promise<boolean> {
    const copy = objectKey('Failed', key);
    try {
      await this.#client.send(new HeadObjectCommand({ Bucket: this.#bucket, Key: copy }));
      return true;
    } catch (error) {
      if (isMissing(error)) return false;
      throw s3Failure({ action: 'HeadObject', bucket: this.#bucket, key: copy }, error);
    }
  }

  async #delete(name: string): Promise<void> {
    await this.#attempt('DeleteObject', name, (at) =>
      this.#client.send(new DeleteObjectCommand(at)),
    );
  }

  async #attempt<Result>(
    action: string,
    key: string,
    request: (at: { Bucket: string; Key: string }) => Promise<Result>,
  ): Promise<Result> {
    try {
      return await request({ Bucket: this.#bucket, Key: key });
    } catch (error) {
      throw s3Failure({ action, bucket: this.#bucket, key }, error);
    }
  }
}

function objectKey(area: Area, key: MessageKey): string {
  return `${area}/${formatKey(key)}.eml`;
}

function reportKey(key: MessageKey): string {
  return `Failed/${formatKey(key)}.json`;
}

function keyOfObject(area: Area, name: string, ending: string): MessageKey | null {
  if (!name.endsWith(ending)) return null;
  return parseKey(name.slice(`${area}/`.length, -ending.length));
}

function vanished(name: string): Failure {
  return new Failure(
    'store',
    'temporary',
    `S3 GetObject ${name}: expected the object that was there a moment ago, found none`,
  );
}

function unconfirmed(from: string): Failure {
  return new Failure(
    'store',
    'temporary',
    `S3 CopyObject ${from}: expected the ETag of the copy, got an answer without one`,
  );
}
