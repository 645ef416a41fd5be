import type { LastReply, MessageItem, RecipientState } from '../../shared/ledger/message-item.ts';
import { formatKey } from '../../shared/mail/message-key.ts';
import type { MessageKey } from '../../shared/mail/message-key.ts';
import type {
  ArrivalMetadata,
  FailedRecipient,
  FailureReport,
} from '../../shared/store/mail-store.ts';

/** What lies beside a parked message, from its ledger item. Pure. */
export function failureReport(
  key: MessageKey,
  item: MessageItem,
  metadata: ArrivalMetadata,
  transcript: readonly string[] | null,
  now: number,
): FailureReport {
  return {
    key: formatKey(key),
    mailbox: key.mailbox,
    reason: failureReason(item),
    explanation: explainFailure(item),
    parkedAt: new Date(now).toISOString(),
    arrivedAt: new Date(metadata.arrivedAt).toISOString(),
    size: metadata.size,
    messageId: item.messageId,
    envelope: {
      mailFrom: item.decision?.mailFrom ?? '',
      recipients: item.recipients.map((one) => one.address),
    },
    recipients: item.recipients.map((one) => recipientOf(one, item)),
    outcome: item.decision?.outcome ?? 'held',
    decidedAt: new Date(item.decidedAt ?? item.arrivedAt).toISOString(),
    edits: item.decision?.edits ?? { remove: [], rename: {}, add: [] },
    warnings: item.decision?.warnings ?? [],
    transcript,
  };
}

/** Whether the report that lies in `Failed/` says the same of every recipient. */
export function isReportedBy(stored: unknown, { reason, recipients }: FailureReport): boolean {
  if (typeof stored !== 'object' || stored === null) return false;
  const { reason: storedReason, recipients: storedRecipients } = stored as Partial<FailureReport>;
  const isSame = JSON.stringify(storedRecipients) === JSON.stringify(recipients);
  return storedReason === reason && isSame;
}

/** `held`, or why the first of the recipients failed. */
export function failureReason(item: MessageItem): string {
  if (item.decision?.outcome === 'held') return 'held';
  return item.recipients.find((one) => one.state === 'failed')?.reason ?? 'internal';
}

/** In words that a mail administrator understands. */
export function explainFailure(item: MessageItem): string {
  if (item.decision?.outcome === 'held') {
    return `held without an attempt: ${item.decision.warnings.join('; ')}`;
  }
  return item.recipients
    .filter((one) => one.state === 'failed')
    .map(explainRecipient)
    .join('; ');
}

/** What became of one recipient that failed, in words. */
export function explainRecipient({ address, reason, attempts, lastReply }: RecipientState): string {
  const last = lastReply === null ? 'no reply' : inItsWords(lastReply);
  switch (reason) {
    case 'expired':
      return `${address} was given up after ${attempts} attempts; the last answer was ${last}`;
    case 'internal':
      return `${address}: delivery was started and never came to an outcome (the process ended each time)`;
    case 'refused':
    case null:
      return `${address} was refused: ${last}`;
  }
}

/** `550 5.1.1 from mail.corp.example:587`: what many refusals have in common. */
export function explainReply(reply: LastReply | null): string {
  if (reply === null) return 'no reply';
  const codes = [reply.code, reply.enhancedCode].filter((part) => part !== null);
  return `${codes.length === 0 ? 'no reply' : codes.join(' ')} from ${reply.host}`;
}

/** `"550 5.1.1 no such user" from mail.corp.example:587`. */
function inItsWords({ code, enhancedCode, text, host }: LastReply): string {
  const words = [code, enhancedCode, text].filter((part) => part !== null);
  return `"${words.join(' ')}" from ${host}`;
}

function recipientOf(recipient: RecipientState, item: MessageItem): FailedRecipient {
  const { address, state, attempts, reason, lastReply } = recipient;
  const decided = item.decision?.recipients.find((one) => one.address === address);
  const { source = '', rule = null, alias = null } = decided ?? {};
  return { address, source, rule, alias, state, attempts, reason, ...replyFields(lastReply) };
}

function replyFields(
  reply: LastReply | null,
): Pick<FailedRecipient, 'code' | 'enhancedCode' | 'reply' | 'host' | 'at'> {
  if (reply === null) return { code: null, enhancedCode: null, reply: null, host: null, at: null };
  const { code, enhancedCode, text, host, at } = reply;
  return { code, enhancedCode, reply: text, host, at: new Date(at).toISOString() };
}
