import type { RecipientView } from '../functions/api/recipient-view.ts';

/** What became of each recipient, for people: two lines at most. */
export function recipientLines(recipients: readonly RecipientView[]): string[] {
  return recipients.flatMap((one) => {
    const times = one.attempts === 1 ? '1 attempt' : `${one.attempts} attempts`;
    const origin = one.alias === null ? one.source : `${one.source}, alias ${one.alias}`;
    const reason = one.reason === null ? '' : ` (${one.reason})`;
    return [`${one.address} [${origin}]: ${one.state}${reason}, ${times}`, ...replyLine(one)];
  });
}

function replyLine({ code, enhancedCode, reply, host, at }: RecipientView): string[] {
  if (reply === null) return [];
  const words = [code, enhancedCode, reply].filter((part) => part !== null).join(' ');
  return [`  ${at ?? ''} ${host ?? ''}: ${words}`];
}
