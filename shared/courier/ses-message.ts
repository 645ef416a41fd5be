import { Failure } from '../failure.ts';
import { headerEndFinder, MAX_HEADER_OCTETS } from '../mail/header-block.ts';
import { sesHeader } from '../mail/ses-header.ts';
import type { Parcel } from './courier.ts';
import { refusal, type Verdict } from './reply-classification.ts';

/** A message as Amazon SES gets it, whole. */
export interface SesMessage {
  readonly data: Buffer;
  /** Header fields that now begin with `X-Original-`. */
  readonly renamed: readonly string[];
}

/** SES takes lines of 1,000 octets, CRLF included (RFC 5322 section 2.1.1). */
const LINE_OCTETS = 998;
const LF = 0x0a;
const CR = 0x0d;

const LONG_LINE = refusal(
  552,
  '5.6.0',
  `a line of the message has more than ${LINE_OCTETS} octets, which Amazon SES does not take and which cannot be broken without changing the message`,
);
const LONG_HEADER = refusal(552, '5.6.0', 'the header of the message has more than 8 MiB');

/**
 * Reads a message, since SES takes it as a whole only, and rewrites its header block; the body stays octet for octet.
 * Stops reading at a line that SES would refuse.
 *
 * @param identity the verified address
 * @returns the message, or why SES would not take it
 * @throws Failure `store`, temporary, when the content ends elsewhere than was said
 */
export async function sesMessage(parcel: Parcel, identity: string): Promise<SesMessage | Verdict> {
  const content = parcel.content();
  const collected = new Collected();
  try {
    for await (const chunk of content as AsyncIterable<Buffer>) {
      const refused = collected.push(chunk);
      if (refused !== null) return refused;
    }
  } catch (error) {
    throw brokenOff(parcel.size, collected.octets, error);
  } finally {
    content.destroy();
  }
  if (collected.octets !== parcel.size) throw brokenOff(parcel.size, collected.octets, null);
  return collected.message(identity, parcel.envelope.mailFrom);
}

/** What came so far, the header block apart from the body. */
class Collected {
  octets = 0;
  readonly #header: Buffer[] = [];
  readonly #body: Buffer[] = [];
  readonly #endIn = headerEndFinder();
  readonly #lines = new LineLengths();
  #isInHeader = true;

  /** @returns why SES would not take it, as soon as that is known */
  push(chunk: Buffer): Verdict | null {
    this.octets += chunk.length;
    const end = this.#isInHeader ? this.#endIn(chunk) : 0;
    const split = end ?? chunk.length;
    if (split > 0) this.#header.push(chunk.subarray(0, split));
    if (end === null) return this.octets > MAX_HEADER_OCTETS ? LONG_HEADER : null;
    this.#isInHeader = false;
    const rest = chunk.subarray(split);
    this.#body.push(rest);
    return this.#lines.exceed(rest) ? LONG_LINE : null;
  }

  message(identity: string, mailFrom: string): SesMessage | Verdict {
    const { header, renamed } = sesHeader(Buffer.concat(this.#header), identity, mailFrom);
    // Folding has made the header's lines as short as it could.
    if (this.#lines.lastExceeds() || new LineLengths().exceed(header)) return LONG_LINE;
    return { data: Buffer.concat([header, ...this.#body]), renamed };
  }
}

/** Whether a line is too long, over octets in pieces. */
class LineLengths {
  /** Octets of the line so far. */
  #length = 0;
  #endsInCr = false;

  exceed(octets: Buffer): boolean {
    let start = 0;
    for (let lf = octets.indexOf(LF); lf !== -1; lf = octets.indexOf(LF, start)) {
      const hasCr = lf > start ? octets[lf - 1] === CR : this.#endsInCr;
      if (this.#length + lf - start - (hasCr ? 1 : 0) > LINE_OCTETS) return true;
      this.#length = 0;
      start = lf + 1;
    }
    if (start < octets.length) this.#endsInCr = octets[octets.length - 1] === CR;
    this.#length += octets.length - start;
    // A CR at its end may still belong to the line end.
    return this.#length > LINE_OCTETS + 1;
  }

  /** Asked at the end: the last line need not have an end. */
  lastExceeds(): boolean {
    return this.#length > LINE_OCTETS;
  }
}

function brokenOff(size: number, octets: number, cause: unknown): Failure {
  const reason = cause instanceof Error ? `: ${cause.message}` : '';
  const text = `the store broke off: expected ${size} octets of the message, got ${octets}${reason}`;
  return new Failure('store', 'temporary', text, { cause });
}
