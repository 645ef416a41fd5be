import type { HandOver } from '../../shared/courier/courier.ts';
import type { MessageItem } from '../../shared/ledger/message-item.ts';
import { formatKey } from '../../shared/mail/message-key.ts';
import type { MessageKey } from '../../shared/mail/message-key.ts';
import type { Log } from '../../shared/observe/log.ts';

/**
 * The mail log: one line a recipient (the successor of the original's event 4032), and at the level `debug` the session
 * in which it happened (4022), without secrets and content.
 * @param item after the replies were recorded; where that failed, before it: that attempt is not counted then
 */
export function logHandOver(
  log: Log,
  key: MessageKey,
  handOver: HandOver,
  item: MessageItem,
): void {
  const message = formatKey(key);
  for (const { address, verdict, code, enhancedCode, text, host } of handOver.replies) {
    const known = item.recipients.find((one) => one.address === address);
    log.info('recipient processed', {
      ...{ message, recipient: address, status: verdict, code, enhancedCode, reply: text, host },
      ...{ attempts: known?.attempts, state: known?.state },
    });
  }
  log.debug('session transcript', { message, transcript: handOver.transcript.join('\n') });
}
