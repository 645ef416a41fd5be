import type { CauseLedger } from '../../shared/ledger/failed-ledger.ts';
import { noteFailure } from '../../shared/ledger/cause-transitions.ts';
import { noteNoticed } from '../../shared/ledger/failed-transitions.ts';
import type { DestinationLedger, MessageLedger } from '../../shared/ledger/ledger.ts';
import type { MessageItem, RecipientState } from '../../shared/ledger/message-item.ts';
import { formatKey, NOTICES } from '../../shared/mail/message-key.ts';
import type { MessageKey } from '../../shared/mail/message-key.ts';
import { noticeRecipient } from '../../shared/notice/notice-recipient.ts';
import { postNotice } from '../../shared/notice/post-notice.ts';
import type { NoticeDeps } from '../../shared/notice/post-notice.ts';
import { destinationOf } from '../../shared/settings/destination.ts';
import type { Settings, SettingsSource } from '../../shared/settings/settings.ts';
import { readHeader } from '../route/read-header.ts';
import { failureCause } from './failure-cause.ts';
import { failureNotice } from './failure-notice.ts';
import { isTooLarge, largeMailNotice } from './large-mail-notice.ts';
import { newlyFailed } from './newly-failed.ts';
import type { NewlyFailed } from './newly-failed.ts';

export interface ReportFailureDeps extends NoticeDeps {
  readonly settings: SettingsSource;
  readonly messages: MessageLedger;
  readonly causes: CauseLedger;
  readonly destinations: Pick<DestinationLedger, 'read'>;
}

/**
 * Tells people of recipients that failed, or of a held message: by a notice, or under its cause, to be told together
 * with others. Durable before it resolves, and the same when it runs again. Where a notice would help nobody, the log
 * says it, and `status` counts it: every failure lies in `Failed/` in any case.
 */
export async function reportFailure(
  deps: ReportFailureDeps,
  key: MessageKey,
  item: MessageItem,
): Promise<void> {
  const failed = newlyFailed(item);
  if (failed === null) return;
  if (key.mailbox !== NOTICES) await tellOfLargeMail(deps, key, item, failed);
  const settings = await deps.settings.read();
  const to = noticeRecipient(settings, key.mailbox);
  const silence = await reasonForSilence(deps, key, failed, { settings, to });
  if (to === null || silence !== null) {
    deps.log.error('mail failed, and nobody is sent a notice', {
      message: formatKey(key),
      why: silence,
    });
  } else {
    await tell(deps, key, item, failed, to);
  }
  await deps.messages.change(key, noteNoticed(failed.at));
}

/** Whoever was to get what is too large gets a small message instead, whatever else is told of it. */
async function tellOfLargeMail(
  deps: ReportFailureDeps,
  key: MessageKey,
  item: MessageItem,
  { recipients }: NewlyFailed,
): Promise<void> {
  const refused = recipients.filter(isTooLarge);
  if (refused.length === 0) return;
  const arrived = await readHeader(deps.store, key);
  const header = arrived?.header ?? Buffer.alloc(0);
  const size = arrived?.metadata.size ?? 0;
  for (const recipient of refused) {
    await postNotice(deps, largeMailNotice({ key, item, recipient, header, size }));
  }
}

async function tell(
  deps: ReportFailureDeps,
  key: MessageKey,
  item: MessageItem,
  failed: NewlyFailed,
  to: string,
): Promise<void> {
  const { id, words } = failureCause(item, failed, to);
  const failure = { to, words, message: formatKey(key), at: failed.at };
  const telling = await deps.causes.change(id, noteFailure(failure));
  if (telling.kind === 'together') return;
  const arrived = await readHeader(deps.store, key);
  const header = arrived?.header ?? Buffer.alloc(0);
  const notice = failureNotice({ key, item, failed, header, to, isLastSingle: telling.last });
  await postNotice(deps, notice);
}

/** @returns null when a notice is of use */
async function reasonForSilence(
  deps: ReportFailureDeps,
  key: MessageKey,
  { recipients }: NewlyFailed,
  { settings, to }: { readonly settings: Settings; readonly to: string | null },
): Promise<string | null> {
  if (key.mailbox === NOTICES) return 'it was a notice itself';
  if (to === null) return 'no undeliverable mailbox is configured';
  if (recipients.length === 0) return null;
  if (recipients.every(({ address }) => address.toLowerCase() === to.toLowerCase())) {
    return 'it failed for the undeliverable mailbox itself';
  }
  if (!recipients.every(({ reason }) => reason === 'expired')) return null;
  const isDown = recipients.every(isWithoutReply) || (await isDestinationDown(deps, settings));
  return isDown ? 'the mail system itself does not take mail' : null;
}

/** Given up without a word of the server's: a notice would go the same way. */
function isWithoutReply({ lastReply }: RecipientState): boolean {
  return (lastReply?.code ?? null) === null;
}

async function isDestinationDown(
  { destinations }: ReportFailureDeps,
  { general }: Settings,
): Promise<boolean> {
  const record = await destinations.read();
  return record?.identity === destinationOf(general.delivery).identity && record.openUntil !== null;
}
