import { Readable } from 'node:stream';

import { Failure } from '../failure.ts';
import { headerEndFinder, MAX_HEADER_OCTETS } from '../mail/header-block.ts';
import { applyEdits } from '../mail/header-edits.ts';
import type { HeaderEdits } from '../routing/decision.ts';
import type { OpenedMessage } from './mail-store.ts';

/** A stored message as it shall arrive: header edits applied, the body untouched and unread. */
export interface EditedMessage {
  /** Octets of `content`, exactly: what comes out shorter was cut and must not pass for the message. */
  readonly size: number;
  /** Call at most once. */
  readonly content: () => Readable;
}

/**
 * Reads the header block, and only that, applies the edits, and gives the rest on as it comes.
 * @throws Failure `store`, permanent, when the header block is longer than `limit` octets
 */
export async function openEdited(
  opened: OpenedMessage,
  edits: HeaderEdits,
  limit = MAX_HEADER_OCTETS,
): Promise<EditedMessage> {
  const chunks = opened.content[Symbol.asyncIterator]() as AsyncIterator<Buffer, undefined>;
  const { header, rest } = await readHeader(chunks, limit);
  const edited = applyEdits(header, edits);
  const size = opened.metadata.size - header.length + edited.length;
  return {
    size,
    content: () => Readable.from(remaining(edited, rest, chunks), { objectMode: false }),
  };
}

async function readHeader(
  chunks: AsyncIterator<Buffer, undefined>,
  limit: number,
): Promise<{ header: Buffer; rest: Buffer }> {
  const endIn = headerEndFinder();
  const held: Buffer[] = [];
  let octets = 0;
  for (;;) {
    const next = await chunks.next();
    if (next.done === true) return { header: Buffer.concat(held), rest: Buffer.alloc(0) };
    const end = endIn(next.value);
    held.push(end === null ? next.value : next.value.subarray(0, end));
    octets += end ?? next.value.length;
    if (octets > limit) throw tooLong(limit);
    if (end !== null) return { header: Buffer.concat(held), rest: next.value.subarray(end) };
  }
}

async function* remaining(
  header: Buffer,
  rest: Buffer,
  chunks: AsyncIterator<Buffer, undefined>,
): AsyncGenerator<Buffer> {
  if (header.length > 0) yield header;
  if (rest.length > 0) yield rest;
  for (;;) {
    const next = await chunks.next();
    if (next.done === true) return;
    yield next.value;
  }
}

function tooLong(limit: number): Failure {
  return new Failure(
    'store',
    'permanent',
    `expected a header block of at most ${limit} octets, got a message whose header goes on beyond that`,
  );
}
