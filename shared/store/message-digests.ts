import { isAscii } from 'node:buffer';
import type { Hash } from 'node:crypto';
import { createHash } from 'node:crypto';

import { headerEndFinder } from '../mail/header-block.ts';

/** All in lower-case hex. */
export interface Digests {
  readonly sha256: string;
  readonly headerDigest: string;
  readonly bodyDigest: string;
  readonly eightBit: boolean;
}

/**
 * Digests of a message while it streams past, the same for any split into chunks.
 * The header block goes up to and with the first empty line (RFC 5322 section 2.1); a message without one is all
 * header block.
 */
export class MessageDigests {
  private readonly whole: Hash = createHash('sha256');
  private readonly body: Hash = createHash('sha256');
  private headerDigest: string | null = null;
  private eightBit = false;
  private readonly headerEnd = headerEndFinder();

  update(chunk: Buffer): void {
    this.eightBit ||= !isAscii(chunk);
    if (this.headerDigest !== null) {
      this.whole.update(chunk);
      this.body.update(chunk);
      return;
    }
    const end = this.headerEnd(chunk);
    if (end === null) {
      this.whole.update(chunk);
      return;
    }
    this.whole.update(chunk.subarray(0, end));
    this.headerDigest = this.whole.copy().digest('hex');
    const rest = chunk.subarray(end);
    this.whole.update(rest);
    this.body.update(rest);
  }

  finish(): Digests {
    const sha256 = this.whole.digest('hex');
    return {
      sha256,
      headerDigest: this.headerDigest ?? sha256,
      bodyDigest: this.body.digest('hex'),
      eightBit: this.eightBit,
    };
  }
}
