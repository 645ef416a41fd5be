import type { LastReply, MessageItem, RecipientState } from '../../shared/ledger/message-item.ts';

/** One recipient as commands and the API show it. Times are ISO 8601. */
export interface RecipientView {
  readonly address: string;
  /** Where it came from, as `explain` says it. */
  readonly source: string;
  readonly rule: number | null;
  /** The address that it was mapped from. */
  readonly alias: string | null;
  readonly state: RecipientState['state'];
  readonly reason: RecipientState['reason'];
  readonly attempts: number;
  /** The last reply: code, enhanced code, text, server, time; null where none came. */
  readonly code: number | null;
  readonly enhancedCode: string | null;
  readonly reply: string | null;
  readonly host: string | null;
  readonly at: string | null;
}

export function recipientViews({ decision, recipients }: MessageItem): readonly RecipientView[] {
  return recipients.map(({ address, state, reason, attempts, lastReply }) => {
    const decided = decision?.recipients.find((one) => one.address === address);
    const { source = '', rule = null, alias = null } = decided ?? {};
    return {
      ...{ address, source, rule, alias, state, reason, attempts },
      ...replyView(lastReply),
    };
  });
}

function replyView(
  reply: LastReply | null,
): Pick<RecipientView, 'code' | 'enhancedCode' | 'reply' | 'host' | 'at'> {
  if (reply === null) return { code: null, enhancedCode: null, reply: null, host: null, at: null };
  const { code, enhancedCode, text, host, at } = reply;
  return { code, enhancedCode, reply: text, host, at: isoOrNull(at) };
}

export function isoOrNull(time: number | null): string | null {
  return time === null ? null : new Date(time).toISOString();
}
