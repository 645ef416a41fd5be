import type { Readable } from 'node:stream';

/** A whole message between RETR and the store: in memory when small, in a temporary file when large. */
export interface SpooledMessage {
  readonly size: number;
  /** SHA-256 of all octets, hex. */
  readonly sha256: string;
  /** SHA-256 in hex of what follows the header block (RFC 5322 section 2.1: the first empty line). */
  readonly bodyDigest: string;
  /** SHA-256 in hex of the header block with the empty line that ends it: what `TOP n 0` has to match later. */
  readonly headerDigest: string;
  readonly eightBit: boolean;
  /** The octets when they are in memory, else null. */
  readonly chunks: readonly Buffer[] | null;
  /** The temporary file when they are on disk, else null. The store may take it (rename it away). */
  readonly file: string | null;
  /** A new stream over all octets. */
  content(): Readable;
  /**
   * Frees the memory, also under a stream that was not read to its end, and removes the temporary file if it is still
   * there. Safe to call twice.
   */
  discard(): Promise<void>;
}

/** Takes the octets of one message as they come off the wire. */
export interface Spool {
  /** A promise means: wait for it before the next chunk (back-pressure). The chunk is lent: its octets are copied. */
  write(chunk: Buffer): void | Promise<void>;
  /** @param inFile the memory is wanted for others: it goes to a file, however small */
  end(inFile?: boolean): Promise<SpooledMessage>;
  /** The message broke off: nothing of it is kept. */
  abort(): Promise<void>;
}
