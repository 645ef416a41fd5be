import { asFailure } from '../../shared/failure.ts';
import type { MailboxNews } from '../../shared/ledger/mailbox-trouble.ts';
import { noticeRecipient } from '../../shared/notice/notice-recipient.ts';
import { postNotice } from '../../shared/notice/post-notice.ts';
import type { NoticeDeps } from '../../shared/notice/post-notice.ts';
import type { Settings } from '../../shared/settings/settings.ts';
import { newsNotice } from './news-notice.ts';

/**
 * Tells people what became of a mailbox: in the log, and by a notice where the settings name somebody. The same news
 * twice is one notice.
 * @param settings null: they cannot be read, so nobody can be told now
 * @returns how many of the news have been told; the others are told again later
 */
export async function tellNews(
  deps: NoticeDeps,
  mailbox: string,
  news: readonly MailboxNews[],
  settings: Settings | null,
): Promise<number> {
  if (settings === null) return 0;
  const to = noticeRecipient(settings, mailbox);
  for (const [told, one] of news.entries()) {
    const level = one.kind === 'well' ? 'info' : 'error';
    const { failures, error } = one;
    deps.log[level](`mailbox ${one.kind}`, { mailbox, failures, error: error?.message });
    if (to === null) continue;
    try {
      await postNotice(deps, newsNotice(mailbox, one, to));
    } catch (fault) {
      const { kind, message } = asFailure(fault);
      deps.log.error('notice not posted, comes with the next run', {
        mailbox,
        kind,
        error: message,
      });
      return told;
    }
  }
  return news.length;
}
