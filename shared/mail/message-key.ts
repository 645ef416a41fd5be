/**
 * Identity of a message: the mailbox it was fetched from and the SHA-256 of its bytes.
 * Two messages with the same key are the same bytes; a UIDL is only a shortcut to this.
 */
export interface MessageKey {
  readonly mailbox: string;
  /** 64 lower-case hexadecimal digits. */
  readonly sha256: string;
}

/** Mailbox ids become folder names, object keys and parameter names: nothing that needs escaping in any of them. */
const MAILBOX_ID = /^[a-z0-9][a-z0-9._-]{0,62}$/i;
const SHA256 = /^[0-9a-f]{64}$/;

/** The connector's own notices travel under this id; it is no valid mailbox id, so no configuration can collide. */
export const NOTICES = '_notices';

export function isMailboxId(text: string): boolean {
  return MAILBOX_ID.test(text);
}

/** `sales/0f3a…`: how people and queues write a key. */
export function formatKey(key: MessageKey): string {
  return `${key.mailbox}/${key.sha256}`;
}

/** Reads what {@link formatKey} wrote; `null` for anything else. */
export function parseKey(text: string): MessageKey | null {
  const slash = text.indexOf('/');
  if (slash < 1) return null;
  const key = { mailbox: text.slice(0, slash), sha256: text.slice(slash + 1) };
  if (!isMailboxId(key.mailbox) && key.mailbox !== NOTICES) return null;
  return SHA256.test(key.sha256) ? key : null;
}
