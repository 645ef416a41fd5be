import { createHmac, timingSafeEqual } from 'node:crypto';

import { foldField } from './fold.ts';
import { fieldValue, headerFields } from './header-block.ts';
import { digestOf, identityFields } from './identity-fields.ts';
import { parseKey } from './message-key.ts';
import type { MessageKey } from './message-key.ts';

/** The field that tells this connector that it has carried a message before. */
const MARKER_NAME = 'X-Mailferry-Id';

/** Ours stands near the top; a thousand planted ones shall not make a thousand digests each. */
const MARKERS_READ = 100;
const MESSAGE_IDS_READ = 16;
/** 32 octets in base64url without padding. */
const CODE_CHARACTERS = 43;
/** Longest mailbox id, digests, punctuation and folding. */
const MARKER_OCTETS = 512;

/**
 * `X-Mailferry-Id: <mailbox>/<sha256>; <mac>`, folded, without the line end.
 *
 * The code (HMAC-SHA-256, base64url) binds mailbox, key and Message-ID, or without a Message-ID the digest of the
 * stable fields: a stranger can neither make a marker nor put one he has seen on another message, so nobody can have
 * mail held as a loop.
 */
export function makeMarker(header: Buffer, key: MessageKey, loopKey: Buffer): string {
  const [binding] = bindings(header);
  const code = codeOf(key, binding, loopKey).toString('base64url');
  const whole = `${key.mailbox}/${key.sha256};`;
  // A word of more than 77 octets cannot stand on one line; whoever reads it drops all blanks.
  const words = whole.length <= 77 ? [whole] : [`${key.mailbox}/`, `${key.sha256};`];
  return foldField(MARKER_NAME, [...words, code]);
}

/**
 * Whether the header block bears a marker of this instance. Another instance's is none.
 * @param mailboxIds when given, only markers of these mailboxes count
 */
export function isOwnMarker(
  header: Buffer,
  loopKey: Buffer,
  mailboxIds?: ReadonlySet<string>,
): boolean {
  const markers = markersIn(header).filter(({ key }) => mailboxIds?.has(key.mailbox) ?? true);
  if (markers.length === 0) return false;
  // On its way back a server may have added the Message-ID that was missing: both bindings are tried.
  const possible = bindings(header);
  return markers.some(({ key, code }) =>
    possible.some((binding) => timingSafeEqual(code, codeOf(key, binding, loopKey))),
  );
}

interface Marker {
  readonly key: MessageKey;
  readonly code: Buffer;
}

function markersIn(header: Buffer): Marker[] {
  const markers: Marker[] = [];
  let seen = 0;
  for (const field of headerFields(header)) {
    if (field.name.toLowerCase() !== MARKER_NAME.toLowerCase()) continue;
    seen += 1;
    if (seen > MARKERS_READ) break;
    const marker = parseMarker(fieldValue(header, field));
    if (marker !== null) markers.push(marker);
  }
  return markers;
}

function parseMarker(value: Buffer): Marker | null {
  if (value.length > MARKER_OCTETS) return null;
  const text = value.toString('latin1').replace(/[ \t\r\n]/g, '');
  const semicolon = text.indexOf(';');
  if (semicolon === -1) return null;
  const key = parseKey(text.slice(0, semicolon));
  // A message whose first line begins with a blank continues our field with it: what follows the code is not ours.
  const code = Buffer.from(text.slice(semicolon + 1, semicolon + 1 + CODE_CHARACTERS), 'base64url');
  return key === null || code.length !== 32 ? null : { key, code };
}

type Bindings = readonly [Buffer, ...Buffer[]];

/** What a code may be bound to: each Message-ID, and the stable fields last. */
function bindings(header: Buffer): Bindings {
  const { messageIds, stableDigest } = identityFields(header);
  const fallback = digestOf([[Buffer.from('stable')], [stableDigest]]);
  const [first, ...others] = messageIds
    .slice(0, MESSAGE_IDS_READ)
    .map((id) => digestOf([[Buffer.from('message-id')], [id]]));
  return first === undefined ? [fallback] : [first, ...others, fallback];
}

function codeOf(key: MessageKey, binding: Buffer, loopKey: Buffer): Buffer {
  const subject = digestOf([[Buffer.from(key.mailbox)], [Buffer.from(key.sha256)], [binding]]);
  return createHmac('sha256', loopKey).update(subject).digest();
}
