import type { Random } from '../../shared/clock.ts';
import { seededRandom, wholeBetween } from '../support/seeded-random.ts';
import { sampleHeader } from './sample-header.ts';

const BENCH_MAILS = 400;
/** How many of them are of middle size (100 KB to 1 MB) and large (3 MB); the rest has 2 to 20 KB. */
const MIDDLE = 34;
const LARGE = 6;

/** Printable ASCII, with many a dot at the start of a line, which POP3 and SMTP must stuff. */
const ALPHABET = '.ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/**
 * The mailbox that every client fetches: always the same octets, stored with LF line ends as a mail server does.
 * One message in eight has 8-bit text.
 */
export function sampleMailbox(): Buffer[] {
  const random = seededRandom(2026);
  const sizes = Array.from({ length: BENCH_MAILS }, (_, index) => {
    if (index < LARGE) return 3_000_000;
    if (index < LARGE + MIDDLE) return wholeBetween(random, 100_000, 1_000_000);
    return wholeBetween(random, 2000, 20_000);
  });
  const inOrder = sizes.map((size) => ({ size, rank: random() }));
  inOrder.sort((left, right) => left.rank - right.rank);
  return inOrder.map(({ size }, index) => sampleMessage(random, index, size));
}

function sampleMessage(random: Random, index: number, size: number): Buffer {
  const header = sampleHeader('sample', index);
  const top = Buffer.from(`${header.join('\n')}\n\n`, 'latin1');
  return Buffer.concat([top, body(random, Math.max(size - top.length, 100), index % 8 === 0)]);
}

function body(random: Random, size: number, eightBit: boolean): Buffer {
  const octets = Buffer.alloc(size);
  for (let at = 0; at < size; at += 1) {
    octets[at] = ALPHABET.charCodeAt(Math.floor(random() * ALPHABET.length));
    if (at % 77 === 76 || at === size - 1) octets[at] = 0x0a;
    else if (eightBit && at % 13 === 5) octets[at] = 0xe4;
  }
  return octets;
}
