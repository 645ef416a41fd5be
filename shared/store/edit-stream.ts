import { Transform } from 'node:stream';

import { Failure } from '../failure.ts';
import { headerEndFinder, MAX_HEADER_OCTETS } from '../mail/header-block.ts';
import { applyEdits } from '../mail/header-edits.ts';
import type { HeaderEdits } from '../routing/decision.ts';

/**
 * Edits the header block of a message while it passes; the body goes through untouched and unbuffered.
 * Fails with a permanent Failure `internal` when the block is larger than `limit` octets.
 */
export function editStream(edits: HeaderEdits, limit = MAX_HEADER_OCTETS): Transform {
  const endIn = headerEndFinder();
  let held: Buffer[] = [];
  let octets = 0;
  let inBody = false;

  /** What of the chunk belongs to the block is kept; the rest, if the block ended in it, is given back. */
  const take = (chunk: Buffer): Buffer | null => {
    const end = endIn(chunk);
    const part = end === null ? chunk : chunk.subarray(0, end);
    octets += part.length;
    if (octets > limit) throw tooLarge(limit);
    held.push(part);
    return end === null ? null : chunk.subarray(end);
  };
  const edited = (): Buffer => {
    const header = applyEdits(Buffer.concat(held), edits);
    held = [];
    inBody = true;
    return header;
  };

  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      if (inBody) {
        done(null, chunk);
        return;
      }
      try {
        const rest = take(chunk);
        if (rest !== null) {
          this.push(edited());
          this.push(rest);
        }
        done();
      } catch (error) {
        done(error as Error);
      }
    },
    flush(done) {
      if (!inBody) this.push(edited());
      done();
    },
  });
}

function tooLarge(limit: number): Failure {
  return new Failure(
    'internal',
    'permanent',
    `expected a header block of at most ${limit} octets, got a message whose header goes on beyond that`,
  );
}
