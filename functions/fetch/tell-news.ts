import { asFailure } from '../../shared/failure.ts';
import type { MailboxNews } from '../../shared/ledger/mailbox-trouble.ts';
import type { AlarmTopic } from '../../shared/notice/alarm-topic.ts';
import { noticeRecipient } from '../../shared/notice/notice-recipient.ts';
import { postNotice } from '../../shared/notice/post-notice.ts';
import type { NoticeDeps } from '../../shared/notice/post-notice.ts';
import type { Settings } from '../../shared/settings/settings.ts';
import { newsNotice } from './news-notice.ts';

const GOOD_NEWS: ReadonlySet<MailboxNews['kind']> = new Set(['well', 'heard']);

export interface TellNewsDeps extends NoticeDeps {
  readonly alarms: AlarmTopic;
}

/**
 * Tells people what became of a mailbox: in the log, by a notice where the settings name somebody, and to the
 * host's alarm topic. The same news twice is one notice; the topic, which cannot know, comes last.
 * @param settings null: they cannot be read, so nobody can be told now
 * @returns how many of the news have been told; the others are told again later
 */
export async function tellNews(
  deps: TellNewsDeps,
  mailbox: string,
  news: readonly MailboxNews[],
  settings: Settings | null,
): Promise<number> {
  if (settings === null) return 0;
  const to = noticeRecipient(settings, mailbox);
  for (const [told, one] of news.entries()) {
    const level = GOOD_NEWS.has(one.kind) ? 'info' : 'error';
    const { failures, error } = one;
    deps.log[level](`mailbox ${one.kind}`, { mailbox, failures, error: error?.message });
    const notice = newsNotice(mailbox, one, to ?? '');
    try {
      if (to !== null) await postNotice(deps, notice);
      await deps.alarms.tell(notice);
    } catch (fault) {
      const { kind, message } = asFailure(fault);
      deps.log.error('people not told, comes with the next run', {
        mailbox,
        kind,
        error: message,
      });
      return told;
    }
  }
  return news.length;
}
