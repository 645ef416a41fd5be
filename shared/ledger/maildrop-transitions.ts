import type { Transition } from './ledger.ts';
import { NOTHING_STAYS } from './maildrop-memory.ts';
import type { MaildropMemory } from './maildrop-memory.ts';
import type { MailboxRecord } from './mailbox-record.ts';

/** Accounts that a mailbox had before: one that is tried out now and then is no first run each time. */
const EARLIER_ACCOUNTS = 8;

/** In the middle of a run. `false`: the lease is somebody else's by now, and nothing was written. */
export function keepMaildrop(
  owner: string,
  maildrop: MaildropMemory,
): Transition<MailboxRecord, boolean> {
  return (record) => {
    if (record?.lease?.owner !== owner) return { store: null, answer: false };
    return { store: { ...record, maildrop }, answer: true };
  };
}

/**
 * What a run begins with.
 * @param record as it was before the run
 * @param account digest of host and user name
 */
export function maildropAtStart(
  record: MailboxRecord,
  account: string,
  now: number,
): MaildropMemory {
  const { maildrop, lastStartedAt, lastEndedAt } = record;
  if (maildrop?.account === account) {
    // A run that died told nobody what it did.
    const hasDied = (lastStartedAt ?? 0) > (lastEndedAt ?? 0);
    return hasDied ? { ...maildrop, listing: null } : maildrop;
  }
  return maildrop === null
    ? firstMemory(record, account, now)
    : otherAccount(maildrop, account, now);
}

/** A mailbox that an older version fetched has had its first run: its backlog is what that one carried. */
function firstMemory(record: MailboxRecord, account: string, now: number): MaildropMemory {
  const firstRunAt = record.lastSuccessAt ?? now;
  return {
    ...{ account, firstRunAt, backlogRecorded: record.lastSuccessAt !== null, earlier: [] },
    ...{ deleBegunIn: 0, renumbering: null, listing: null, goesOn: false, staying: NOTHING_STAYS },
  };
}

function otherAccount(before: MaildropMemory, account: string, now: number): MaildropMemory {
  const known = before.earlier.find((one) => one.account === account);
  const others = before.earlier.filter((one) => one.account !== account);
  const { account: former, firstRunAt, deleBegunIn } = before;
  return {
    account,
    firstRunAt: known?.firstRunAt ?? now,
    backlogRecorded: known !== undefined,
    earlier: [{ account: former, firstRunAt }, ...others].slice(0, EARLIER_ACCOUNTS),
    deleBegunIn,
    ...{ renumbering: null, listing: null, goesOn: false, staying: NOTHING_STAYS },
  };
}
