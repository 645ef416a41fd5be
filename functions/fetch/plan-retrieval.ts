import type { UidlRecord } from '../../shared/ledger/ledger.ts';
import type { ListedMail } from '../../shared/pop3/maildrop.ts';

export interface RetrievalLimits {
  readonly messageBytes: number | null;
  readonly messagesPerRun: number | null;
}

export interface RetrievalPlan {
  /** To retrieve in this run, in the server's order. */
  readonly retrieve: readonly ListedMail[];
  /** New, but over `messagesPerRun`: for the next run. */
  readonly later: number;
  /** New, but larger than `messageBytes`: stays on the server. */
  readonly tooLarge: readonly ListedMail[];
}

/** One listed mail with the hash of its UIDL (null without one). */
export interface Candidate {
  readonly mail: ListedMail;
  readonly uidlHash: string | null;
}

/**
 * Which messages this run retrieves. With `keep: none` all that is listed: whatever is still there was never
 * deleted for sure, and DELE is sent only in the session that retrieved the message. With `keep: forever` those
 * whose UIDL is not known.
 */
export function planRetrieval(
  candidates: readonly Candidate[],
  known: ReadonlyMap<string, UidlRecord>,
  keep: 'none' | 'forever',
  limits: RetrievalLimits,
): RetrievalPlan {
  const often = countUidls(candidates);
  const isNew = (candidate: Candidate): boolean =>
    keep === 'none' || !isKnown(candidate, known, often);
  const fresh = candidates.filter(isNew).map((candidate) => candidate.mail);
  const maximum = limits.messageBytes ?? Infinity;
  const tooLarge = fresh.filter((mail) => mail.size > maximum);
  const fitting = fresh.filter((mail) => mail.size <= maximum);
  const retrieve = fitting.slice(0, limits.messagesPerRun ?? fitting.length);
  return { retrieve, later: fitting.length - retrieve.length, tooLarge };
}

/**
 * A UIDL is a shortcut, never a proof (servers re-use them, number anew, give one to two messages): it counts as
 * known only if it stands once in the listing, with the same size, and no DELE was ever sent for it.
 */
function isKnown(
  { mail, uidlHash }: Candidate,
  known: ReadonlyMap<string, UidlRecord>,
  often: ReadonlyMap<string, number>,
): boolean {
  if (uidlHash === null || often.get(uidlHash) !== 1) return false;
  const record = known.get(uidlHash);
  return record?.size === mail.size && !record.deleSent;
}

function countUidls(candidates: readonly Candidate[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { uidlHash } of candidates) {
    if (uidlHash !== null) counts.set(uidlHash, (counts.get(uidlHash) ?? 0) + 1);
  }
  return counts;
}
