import type { MessageKey } from '../../shared/mail/message-key.ts';
import { NOTICES } from '../../shared/mail/message-key.ts';
import { decide } from '../../shared/routing/decide.ts';
import type { Decided } from '../../shared/routing/decide.ts';
import { heldDecision } from '../../shared/routing/held.ts';
import { decideNotice } from '../../shared/routing/notice-decision.ts';
import type { Settings } from '../../shared/settings/settings.ts';
import type { ArrivedHeader } from './read-header.ts';
import type { RouteDeps } from './route-message.ts';

/**
 * The decision for an arrived message. What keeps it from being routed at all ends as `held`, with the reason: the
 * mailbox left the configuration, or the header block is too long to be read.
 * @returns `wait` while the mailbox's entry is broken: somebody is about to mend it
 */
export function decideFor(
  deps: Pick<RouteDeps, 'loopKey' | 'hostName' | 'clock'>,
  settings: Settings,
  key: MessageKey,
  arrived: ArrivedHeader,
): Decided | 'wait' {
  if (arrived.header === null) return heldDecision('the header block is longer than 8 MiB');
  const { header, metadata } = arrived;
  const { bodyDigest, recipient } = metadata;
  if (key.mailbox === NOTICES) {
    // Somebody put a file there by hand: what it says of its recipient is a stranger's word.
    if (recipient === null) return heldDecision('a notice without its recipient beside it');
    return decideNotice({ header, key, bodyDigest, recipient, loopKey: deps.loopKey });
  }
  const mailbox = settings.mailboxes.get(key.mailbox);
  if (mailbox === undefined) {
    if (settings.broken.has(key.mailbox)) return 'wait';
    return heldDecision(`mailbox ${key.mailbox} is not in the configuration any more`);
  }
  return decide({
    header,
    key,
    bodyDigest,
    mailbox,
    general: settings.general,
    loopKey: deps.loopKey,
    hostName: deps.hostName,
    now: deps.clock.now(),
  });
}
