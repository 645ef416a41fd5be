import type { Random } from '../../shared/clock.ts';
import { asStoredOnUnix } from '../support/line-ends.ts';
import { seededRandom, wholeBetween } from '../support/seeded-random.ts';
import { sampleHeader } from './sample-header.ts';

/** Of 2,000 messages: 100 of 1 to 3 MB and 509 of 20 to 480 KB; the rest has 2 to 16 KB. 340 MB in all. */
const LARGE = 100 / 2000;
const MIDDLE = 509 / 2000;
/** The text that bodies are cut from: lines of 76 octets, some of which begin with dots. */
const TEXT_LINES = 16_384;
const LINE = 76;
const ALPHABET = Buffer.from(
  '.ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/',
  'latin1',
);

/** A message as a client gets it (CRLF line ends), and as the server keeps it (LF). */
export interface BenchMail {
  readonly wire: Buffer;
  readonly stored: Buffer;
}

/**
 * A mailbox like those of real people, always the same octets; the first of it are as mixed as all. One message in
 * eight has 8-bit text, one in sixteen ends in lines of dots.
 */
export function* mixedMailbox(count: number): Generator<BenchMail> {
  const random = seededRandom(2026);
  const text = randomText(random);
  for (let index = 0; index < count; index += 1) {
    const wire = message(random, text, index);
    yield { wire, stored: asStoredOnUnix(wire) };
  }
}

function message(random: Random, text: Buffer, index: number): Buffer {
  const header = sampleHeader('mixed', index);
  const parts: Buffer[] = [Buffer.from(`${header.join('\r\n')}\r\n\r\n`, 'latin1')];
  if (index % 8 === 0) parts.push(Buffer.from('sch\xf6ne Gr\xfc\xdfe\r\n', 'latin1'));
  for (let left = sizeOf(random); left > 0;) {
    const from = wholeBetween(random, 0, TEXT_LINES - 1) * (LINE + 2);
    const part = text.subarray(from, Math.min(text.length, from + roundToLines(left)));
    parts.push(part);
    left -= part.length;
  }
  if (index % 16 === 5) parts.push(Buffer.from('.\r\n..\r\n. \r\n'));
  return Buffer.concat(parts);
}

function sizeOf(random: Random): number {
  const kind = random();
  if (kind < LARGE) return wholeBetween(random, 1_000_000, 3_000_000);
  if (kind < LARGE + MIDDLE) return wholeBetween(random, 20_000, 480_000);
  return wholeBetween(random, 2000, 16_000);
}

function roundToLines(octets: number): number {
  return Math.ceil(octets / (LINE + 2)) * (LINE + 2);
}

function randomText(random: Random): Buffer {
  const text = Buffer.alloc(TEXT_LINES * (LINE + 2));
  for (let at = 0; at < text.length; at += 1) {
    text[at] = ALPHABET[Math.floor(random() * ALPHABET.length)] ?? 0;
    if (at % (LINE + 2) === LINE) text[at] = 0x0d;
    if (at % (LINE + 2) === LINE + 1) text[at] = 0x0a;
  }
  return text;
}
