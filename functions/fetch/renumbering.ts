import type { UidlRecord } from '../../shared/ledger/uidl-record.ts';
import { RENUMBERED_UIDLS, RENUMBERING_QUIET_MS } from '../../shared/limits.ts';
import { noticeRecipient } from '../../shared/notice/notice-recipient.ts';
import { postNotice } from '../../shared/notice/post-notice.ts';
import { keepMemory } from './maildrop-run.ts';
import type { MaildropRun, MaildropSession } from './maildrop-run.ts';

/**
 * Notices a server that numbers anew: many known UIDLs have gone that nobody here deleted, and about as many new ones
 * are there. People are told once; then everything is fetched, recognised by its bytes and adopted. A mailbox that
 * somebody else emptied has nothing new in it.
 * @param gone what is known and not listed any more, before it is noted as gone
 */
export async function watchForRenumbering(
  session: MaildropSession,
  gone: readonly UidlRecord[],
): Promise<void> {
  const { run, book, mails } = session;
  const now = run.deps.clock.now();
  if (gone.length >= RENUMBERED_UIDLS) {
    const unknown = [...mails.values()].filter(
      ({ hash }) => hash !== null && book.get(hash) === undefined,
    ).length;
    const before = run.memory.renumbering;
    const isQuiet = before !== null && before.noticed && now - before.at < RENUMBERING_QUIET_MS;
    if (unknown * 2 >= gone.length) {
      run.deps.log.warn('UIDLs have changed: messages are fetched again and recognised', {
        mailbox: run.mailbox.id,
        gone: gone.length,
        new: unknown,
      });
      // One that is still to be told of keeps its time, so that it stays one notice.
      if (before === null || (before.noticed && !isQuiet)) {
        await keepMemory(run, { renumbering: { at: now, noticed: false } });
      }
    }
  }
  await tellOfRenumbering(run);
}

/** Also what a run that died had noticed and not told. */
async function tellOfRenumbering(run: MaildropRun): Promise<void> {
  const { renumbering } = run.memory;
  if (renumbering === null || renumbering.noticed) return;
  const { id, host } = run.mailbox;
  const to = noticeRecipient(run.settings, id);
  if (to !== null) {
    await postNotice(run.deps, {
      subjectKey: `renumbered:${id}:${renumbering.at}`,
      to,
      at: renumbering.at,
      subject: `Mailbox ${id}: the provider has numbered its messages anew`,
      text: [
        `Most messages that were known in the mailbox ${id} at ${host} have got new unique ids (UIDL).`,
        'That happens when a provider moves or restores mailboxes.',
        '',
        'They are fetched again and recognised by their bytes; nobody gets them a second time. It takes',
        'as long as fetching the mailbox anew. There is nothing to do.',
        '',
        'If it goes on, the server has no lasting ids: then use keep: none. You are told of it at most',
        'once a week.',
      ].join('\n'),
      report: null,
    });
  }
  run.memory = { ...run.memory, renumbering: { ...renumbering, noticed: true } };
}
