import type { SessionId, UidlRecord, UidlState } from '../../shared/ledger/uidl-record.ts';
import type { ListedMail } from '../../shared/pop3/maildrop.ts';
import type { Initial, Keep } from '../../shared/settings/settings.ts';

/** What decides how a listed message stands, besides what is known of it. */
export interface Policy {
  readonly keep: Keep;
  readonly initial: Initial;
  /** By LIST; Infinity: no limit. */
  readonly messageBytes: number;
  readonly firstRunAt: number;
  /** The last session that sent DELE. */
  readonly deleBegunIn: SessionId;
  readonly now: number;
}

/** A listed message, and what its record is found by. */
export interface MetMail extends ListedMail {
  /** Null: it has no UIDL, and nobody has looked at its header block. */
  readonly hash: string | null;
  /** Its UIDL stands for no other message of this listing. */
  readonly alone: boolean;
}

export type Standing =
  /** To be retrieved. */
  | 'new'
  /** To be retrieved again: it could not be had before. */
  | 'retry'
  /** The same, but not yet. */
  | 'later'
  /** Above the limit, and nobody was told. */
  | 'tooLarge'
  | 'staysTooLarge'
  /** Of the backlog; its header block has to be read first. */
  | 'unread'
  /** Of the backlog, and left by `initial`. */
  | 'skipped'
  /** Taken, and still on the server. */
  | 'kept'
  /** Without UIDL: only its header block tells whether something is known of it. */
  | 'unidentified'
  /** Its line in the answer to UIDL was broken, so that it would be new for ever: left alone. */
  | 'nameless';

/** New mail that is still on the server alone. */
export const NOT_IN_CUSTODY: ReadonlySet<Standing> = new Set([
  ...(['new', 'retry', 'later', 'tooLarge', 'staysTooLarge'] as const),
  ...(['unread', 'unidentified', 'nameless'] as const),
]);

/**
 * How a message stands.
 * @param resembles for one without a hash: whether something is known of a message of that size
 */
export function standingOf(
  mail: MetMail,
  record: UidlRecord | undefined,
  policy: Policy,
  resembles: (size: number) => boolean,
): Standing {
  if (mail.hash === null) {
    if (policy.keep !== 'none') return 'nameless';
    const needsLook = mail.size > policy.messageBytes || resembles(mail.size);
    return needsLook ? 'unidentified' : 'new';
  }
  if (record === undefined || !isAbout(record, mail)) return bySize(mail, policy);
  const settled = settledStanding(mail, record.state, policy);
  if (settled !== null) return settled;
  const { state, trouble } = record;
  if (trouble !== null) return trouble.nextTryAt > policy.now ? 'later' : 'retry';
  return isUnread(state, policy) ? 'unread' : bySize(mail, policy);
}

/** Null: something has to be done with it. */
function settledStanding(mail: MetMail, state: UidlState, policy: Policy): Standing | null {
  switch (state.kind) {
    case 'taken':
      return mail.alone && isKnown(state, policy) ? 'kept' : null;
    case 'oversize':
      return state.noticed && mail.size > policy.messageBytes ? 'staysTooLarge' : null;
    case 'backlog':
      return state.read && isSkipped(state, policy) ? 'skipped' : null;
    case 'untaken':
      return null;
  }
}

/** Whether its header block decides what becomes of it, and was not read yet. */
export function isUnread(state: UidlState | undefined, { initial }: Policy): boolean {
  return state?.kind === 'backlog' && !state.read && initial !== 'all';
}

/** The same UIDL with another size is another message. */
export function isAbout(record: UidlRecord, mail: MetMail): boolean {
  return record.size === mail.size;
}

/**
 * A UIDL is a shortcut, never a proof: servers re-use them, number anew, and give one to two messages. So it counts
 * only while it stands once in the listing, with the same size. And where a session has sent DELE since, what is
 * listed under it may be another message of any size.
 */
function isKnown(
  { deleIn, shared }: Extract<UidlState, { kind: 'taken' }>,
  { deleBegunIn }: Policy,
): boolean {
  return !shared && (deleIn === null || deleIn > deleBegunIn);
}

function bySize({ size }: MetMail, { messageBytes }: Policy): Standing {
  return size > messageBytes ? 'tooLarge' : 'new';
}

/**
 * Whether `initial` leaves a message of the backlog on the server. The setting counts as it is now: a wider one brings
 * what a narrower one had left. An age counts from the first run, or mail would drop out while it waits its turn.
 */
function isSkipped(
  { date }: Extract<UidlState, { kind: 'backlog' }>,
  { initial, firstRunAt }: Policy,
): boolean {
  if (initial === 'all') return false;
  // A run that died at the very beginning may have left newer mail among the backlog.
  if (initial === 'none') return date === null || date <= firstRunAt;
  return date !== null && date < firstRunAt - initial.ageMs;
}
