import type { Random } from '../../shared/clock.ts';
import { keyOf } from './spooled-message.ts';
import { wholeBetween } from './seeded-random.ts';

/** A message of a drain: whom it has to reach, and how it is known again. */
export interface DrainMail {
  readonly mailbox: string;
  readonly content: Buffer;
  readonly key: string;
  readonly messageId: string;
  readonly recipients: readonly string[];
}

const PEOPLE = ['ann', 'ben', 'chris', 'dana', 'eve'].map((name) => `${name}@corp.example`);
const NOBODY = ['list@other.example'];
const ADMINISTRATOR = 'admin@corp.example';
const LARGE_OCTETS = 300_000;

/** Mail of many sizes for one to five people, one in twenty for nobody here. */
export function drainMails(
  random: Random,
  count: number,
  mailboxes: readonly string[],
): readonly DrainMail[] {
  return Array.from({ length: count }, (_, index) => {
    const mailbox = mailboxes[index % mailboxes.length] ?? '';
    const named = random() < 0.05 ? NOBODY : someOf(PEOPLE, random);
    const messageId = `<drain-${index}@nwtraders.example>`;
    const octets = random() < 0.02 ? LARGE_OCTETS : wholeBetween(random, 0, 8000);
    const content = Buffer.from(
      [
        'From: carl@nwtraders.example',
        `To: ${named.join(', ')}`,
        `Subject: drain ${index}`,
        'Date: Mon, 2 Nov 2026 09:00:00 +0000',
        `Message-ID: ${messageId}`,
        '',
        bodyOf(index, octets),
        '',
      ].join('\r\n'),
    );
    const recipients = named === NOBODY ? [ADMINISTRATOR] : named;
    const key = `${mailbox}/${keyOf(mailbox, content).sha256}`;
    return { mailbox, content, key, messageId, recipients };
  });
}

function someOf(people: readonly string[], random: Random): readonly string[] {
  const wanted = Math.max(1, Math.floor(random() * random() * (people.length + 1)));
  return people
    .map((one) => ({ one, order: random() }))
    .sort((one, other) => one.order - other.order)
    .slice(0, wanted)
    .map(({ one }) => one);
}

/** Lines with dots at their beginning among them: what a second copy or a lost octet would show in. */
function bodyOf(index: number, octets: number): string {
  const line = `.${index} a line of the drain, told apart by its number`;
  return Array.from({ length: Math.ceil(octets / line.length) + 1 }, () => line).join('\r\n');
}

/** The octets behind the header block. */
export function bodyOctets(message: Buffer): Buffer {
  return message.subarray(message.indexOf('\r\n\r\n') + 4);
}

export function messageIdIn(message: Buffer): string {
  const header = message.toString('latin1', 0, message.indexOf('\r\n\r\n'));
  return /^Message-ID: (.*)$/im.exec(header)?.[1]?.trim() ?? '';
}
