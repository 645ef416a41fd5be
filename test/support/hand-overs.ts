import type { HandOver, RecipientReply } from '../../shared/courier/courier.ts';
import { replyFor } from './message-items.ts';

/** What a courier gives back that got the same answer for everybody. */
export function handOverOf(
  recipients: readonly string[],
  verdict: RecipientReply['verdict'],
  known: Partial<HandOver> = {},
): HandOver {
  return {
    destination: 'works',
    divisible: false,
    crowdedOut: [],
    replies: recipients.map((one) => replyFor(one, verdict)),
    transcript: [],
    ...known,
  };
}
