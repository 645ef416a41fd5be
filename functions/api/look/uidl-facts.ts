import type { ListedMail, Listing } from '../../../shared/pop3/maildrop.ts';

/** What two listings tell of a server's unique ids. */
export interface UidlFacts {
  readonly supported: boolean;
  /** Whether the second session named the same messages alike; null: there was no second one, or nothing to compare. */
  readonly stable: boolean | null;
  /** Ids that stand for more than one message. */
  readonly repeated: number;
  /** The ids are message numbers: they name another message as soon as one is deleted. */
  readonly numbers: boolean;
  /** Octets of the longest. */
  readonly longest: number;
}

/** @param second null: there was one session alone */
export function uidlFacts(first: Listing, second: Listing | null): UidlFacts {
  const ids = idsOf(first.mails);
  const numbers = first.mails.filter(({ uidl, number }) => uidl === String(number));
  return {
    supported: first.hasUidl,
    stable: second === null ? null : isStable(first, second),
    repeated: ids.length - new Set(ids).size,
    numbers: ids.length > 1 && numbers.length === ids.length,
    longest: ids.reduce((most, id) => Math.max(most, Buffer.byteLength(id, 'latin1')), 0),
  };
}

/**
 * Mail may come and go between two sessions. But whatever is there in both has its id in both, and where nothing came
 * and nothing went, all of them are the same.
 */
function isStable(first: Listing, second: Listing): boolean | null {
  if (!first.hasUidl || !second.hasUidl || first.mails.length === 0) return null;
  const [before, after] = [idsOf(first.mails), idsOf(second.mails)];
  const later = new Set(after);
  const kept = before.filter((id) => later.has(id)).length;
  if (kept === before.length) return before.length === 0 ? null : true;
  const gone = before.length - kept;
  const appeared = after.length - kept;
  // As many new ids as vanished ones are the same messages under other names; only fewer were deleted.
  return appeared >= gone ? false : null;
}

function idsOf(mails: readonly ListedMail[]): string[] {
  return mails.flatMap(({ uidl }) => uidl ?? []);
}
