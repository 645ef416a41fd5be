import type { Settings } from '../settings/settings.ts';

/**
 * Where notices about a mailbox go: its own undeliverable mailbox, else the general one.
 * @param mailboxId null, or one that is broken or gone: the general one
 * @returns null when there is neither: then status and log alone say it
 */
export function noticeRecipient(settings: Settings, mailboxId: string | null): string | null {
  const mailbox = mailboxId === null ? undefined : settings.mailboxes.get(mailboxId);
  return mailbox?.undeliverable ?? settings.general.undeliverable;
}
