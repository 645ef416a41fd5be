import { chownSync, linkSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** User and group that own mail on disk. Servers give up root for it; no account of that number is needed. */
export const MAIL_OWNER = 5000;

/** Seconds of the first file name: names sort, and so do the message numbers, in the order of delivery. */
const FIRST_SECOND = 1_700_000_000;

/** Makes an empty Maildir with its parents, owned by {@link MAIL_OWNER}. */
export function makeMaildir(folder: string): void {
  for (const part of ['', 'tmp', 'new', 'cur']) {
    mkdirSync(join(folder, part), { recursive: true });
    chownSync(join(folder, part), MAIL_OWNER, MAIL_OWNER);
  }
}

/**
 * Puts a message into `new/` with exactly these octets. The name carries S= and W= (octets as stored and with
 * CRLF), as a delivery agent writes them, so that Dovecot need not read each file for LIST.
 */
export function writeToMaildir(folder: string, sequence: number, message: Buffer): void {
  const name = [
    `${FIRST_SECOND + sequence}.M${sequence}P1.mailferry`,
    `S=${message.length}`,
    `W=${message.length + countBareLf(message)}`,
  ].join(',');
  const file = join(folder, 'new', name);
  writeFileSync(file, message);
  chownSync(file, MAIL_OWNER, MAIL_OWNER);
}

/** Makes a Maildir with the new messages of another, by further names of the same files. */
export function copyMaildir(from: string, to: string): void {
  makeMaildir(to);
  for (const name of readdirSync(join(from, 'new'))) {
    linkSync(join(from, 'new', name), join(to, 'new', name));
  }
}

/** Every message in `new/` and `cur/`, in the order of the file names. */
export function readMaildir(folder: string): Buffer[] {
  return ['new', 'cur']
    .flatMap((part) => readdirSync(join(folder, part)).map((name) => ({ part, name })))
    .sort((left, right) => (left.name < right.name ? -1 : 1))
    .map(({ part, name }) => readFileSync(join(folder, part, name)));
}

function countBareLf(message: Buffer): number {
  let count = 0;
  for (let at = message.indexOf(0x0a); at !== -1; at = message.indexOf(0x0a, at + 1)) {
    if (message[at - 1] !== 0x0d) count += 1;
  }
  return count;
}
