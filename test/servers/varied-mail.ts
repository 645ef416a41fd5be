import { createHash } from 'node:crypto';

import type { Random } from '../../shared/clock.ts';
import { wholeBetween } from '../support/seeded-random.ts';

/** A message whose text carries `token` once, by which a delivered copy is known again. */
export interface VariedMail {
  readonly token: string;
  readonly kind: string;
  readonly octets: Buffer;
  /** The address in the accepted domain that its header names; `null`: none. */
  readonly recipient: string | null;
}

/** A message to be written: what it must carry. */
interface Draft {
  readonly token: string;
  readonly to: string;
}

type Shape = (draft: Draft, random: Random) => Buffer;

/** MAIL FROM of every message whose header names somebody. */
export const SENDER = 'sender@nwtraders.example';

/** Local parts of those whom it is for. */
export const PEOPLE = ['chris', 'kelly', 'ann', 'office', 'sales'] as const;

function header({ token, to }: Draft, more = ''): string {
  return [
    `From: Sender <${SENDER}>`,
    `To: ${to}`,
    `Message-ID: <${token}@nwtraders.example>`,
    `Subject: message\n\t${token}`,
    'Date: Mon, 23 Nov 2026 08:00:00 +0000',
    more,
  ]
    .filter((line) => line !== '')
    .map((line) => `${line}\n`)
    .join('');
}

/** Octets of every value but CR and LF, in lines. */
function randomOctets(random: Random, length: number, lineLength: number): Buffer {
  const octets = Buffer.alloc(length);
  for (let at = 0; at < length; at += 1) {
    const octet = wholeBetween(random, 0, 255);
    octets[at] =
      (at + 1) % lineLength === 0 ? 0x0a : octet === 0x0a || octet === 0x0d ? 0x2e : octet;
  }
  return octets;
}

function base64Lines(token: string, octets: number): string {
  const line = createHash('sha512').update(token).digest('base64').slice(0, 76);
  return `${line}\n`.repeat(Math.ceil(octets / 77));
}

/** Each shape is one that some server or client gets wrong. Stored with LF, as a Unix mail store does, unless said. */
const SHAPES: Readonly<Record<string, Shape>> = {
  plain: (draft) => Buffer.from(`${header(draft)}\nhello\nworld\n`),
  'no body': (draft) => Buffer.from(header(draft)),
  'no body, empty line': (draft) => Buffer.from(`${header(draft)}\n`),
  'no last line end': (draft) => Buffer.from(`${header(draft)}\nthe end`),
  'stored with CRLF': (draft) =>
    Buffer.from(`${header(draft)}\nstored\nwith CRLF\n`.replaceAll('\n', '\r\n')),
  'CRLF and LF mixed': (draft) => Buffer.from(`${header(draft)}\na\r\nb\nc\r\n\r\n\nd\n`),
  dots: (draft) => Buffer.from(`${header(draft)}\n.\n..\n...\n.dot\n\n.\n.\nend.\n.`),
  'bare CR': (draft) => Buffer.from(`${header(draft)}\none\rtwo\r\r\nthree\n`),
  NUL: (draft) => Buffer.from(`${header(draft)}\n\0a\0b\n\0\n\n\0\0`),
  '8-bit header': (draft) =>
    Buffer.concat([
      Buffer.from(header(draft)),
      Buffer.from([0x58, 0x2d, 0x38, 0x3a, 0x20, 0xe4, 0xf6, 0xfc, 0xff, 0x80, 0x0a]),
      Buffer.from('\n8-bit above\n'),
    ]),
  'long folded header': (draft) =>
    Buffer.from(
      `${header(draft, `References:${'\n <reference@nwtraders.example>'.repeat(400)}`)}\nx\n`,
    ),
  'odd header layout': (draft) =>
    Buffer.from(
      `${header(draft, 'x-UPPER-lower:no blank\nX-Empty:\nX-Twice: 1\nX-Twice: 2\nX-Tail: end  \t')}\nx\n`,
    ),
  'fields that are taken away': (draft) =>
    Buffer.from(`Return-Path: <${SENDER}>\n${header(draft)}\nx\n`),
  binary: (draft, random) =>
    Buffer.concat([Buffer.from(`${header(draft)}\n`), randomOctets(random, 20_000, 97)]),
  'some kilobytes': (draft, random) =>
    Buffer.from(
      `${header(draft)}\n${base64Lines(draft.token, wholeBetween(random, 2000, 40_000))}`,
    ),
};

/** Shapes that come a few times only, since they are large. */
const LARGE_SHAPES: Readonly<Record<string, Shape>> = {
  'line of 1 MB': (draft) => Buffer.from(`${header(draft)}\n${'long '.repeat(200_000)}\nshort\n`),
  'attachment of 3 MB': (draft) =>
    Buffer.from(
      `${header(draft, 'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="part"')}\n` +
        '--part\nContent-Type: text/plain\n\ntext\n--part\n' +
        'Content-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n\n' +
        `${base64Lines(draft.token, 3_000_000)}--part--\n`,
    ),
};

/** Nobody can be read from these: they go to the undeliverable mailbox. */
const UNADDRESSED: Readonly<Record<string, Shape>> = {
  'no header': ({ token }) => Buffer.from(`\nonly a body ${token}\n`),
  'nobody of ours': ({ token }) => Buffer.from(`To: bob@other.example\nSubject: ${token}\n\nx\n`),
  'neither header nor text': () => Buffer.alloc(0),
};

/**
 * `count` messages of every shape in turn, and the large and unaddressed ones beside them, shuffled.
 *
 * @param random decides order, sizes, recipients and octets; the same numbers give the same mail
 * @param name stands in every token, so that the mail of two mailboxes differs
 */
export function variedMail(random: Random, count: number, name: string): VariedMail[] {
  const mails: VariedMail[] = [];
  const add = ([kind, shape]: readonly [string, Shape], isAddressed: boolean): void => {
    const person = PEOPLE[wholeBetween(random, 0, PEOPLE.length - 1)] ?? PEOPLE[0];
    const draft = {
      token: `token-${name}-${String(mails.length).padStart(5, '0')}`,
      to: `${person}@corp.example`,
    };
    const octets = shape(draft, random);
    mails.push({ token: draft.token, kind, recipient: isAddressed ? draft.to : null, octets });
  };
  for (const large of [...Object.entries(LARGE_SHAPES), ...Object.entries(LARGE_SHAPES)]) {
    add(large, true);
  }
  for (const unaddressed of Object.entries(UNADDRESSED)) add(unaddressed, false);
  while (mails.length < count) {
    for (const shape of Object.entries(SHAPES)) add(shape, true);
  }
  return shuffled(mails.slice(0, count), random);
}

const TOKEN = /token-[a-z]+-\d{5}/;
/** Where a token stands at the latest: the header of the longest shape is shorter. */
const TOKEN_WITHIN = 65_536;

/** The token in a delivered message; `''` for the one message that has no octet to carry it. */
export function tokenOf(message: Buffer): string {
  return TOKEN.exec(message.toString('latin1', 0, TOKEN_WITHIN))?.[0] ?? '';
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const order = items.map((item) => ({ item, rank: random() }));
  return order.sort((left, right) => left.rank - right.rank).map(({ item }) => item);
}
