import type { Clock } from '../../shared/clock.ts';
import type { MessageLedger, UidlLedger } from '../../shared/ledger/ledger.ts';
import type { MessageItem } from '../../shared/ledger/message-item.ts';
import {
  isFinal,
  noteArrival,
  noteGone,
  noteKept,
  noteSighting,
} from '../../shared/ledger/message-transitions.ts';
import type { MaildropAccount, SessionId, UidlRecord } from '../../shared/ledger/uidl-record.ts';
import { SIGHTING_RENEWAL_MS } from '../../shared/limits.ts';
import { formatKey } from '../../shared/mail/message-key.ts';
import type { MessageKey } from '../../shared/mail/message-key.ts';
import type { Keep } from '../../shared/settings/settings.ts';
import type { MailStore } from '../../shared/store/mail-store.ts';
import type { SpooledMessage } from '../../shared/store/spool.ts';
import { mayDelete } from './may-delete.ts';
import type { MetMail } from './standing.ts';

export interface CustodyDeps {
  readonly store: MailStore;
  readonly messages: MessageLedger;
  readonly uidls: UidlLedger;
  readonly clock: Clock;
}

/** A whole message off the wire, not yet ours. */
export interface Arrival {
  readonly mail: MetMail;
  readonly message: SpooledMessage;
  /** What was known of its UIDL; null: nothing. */
  readonly record: UidlRecord | null;
}

export interface TakenMail {
  readonly key: MessageKey;
  /** These bytes were in the store or in the ledger already. */
  readonly known: boolean;
}

/** A message in custody. */
export interface Custody extends TakenMail {
  readonly mail: MetMail;
  /** DELE comes next, as far as `keep` is concerned. */
  readonly willDelete: boolean;
  /** What is known of its UIDL now; null: it has none. */
  readonly record: UidlRecord | null;
}

export interface CustodyTerms {
  readonly account: MaildropAccount;
  readonly keep: Keep;
  readonly session: SessionId;
}

/**
 * Takes a group of messages into custody: when it resolves, each is durable in `Incoming/` (or final in the ledger
 * already) and recorded, and may be deleted on the server (I1). A group, so that syncs and commits are shared.
 */
export async function takeIntoCustody(
  deps: CustodyDeps,
  terms: CustodyTerms,
  group: readonly Arrival[],
): Promise<readonly Custody[]> {
  const now = deps.clock.now();
  const keyOf = ({ message }: Arrival): MessageKey => ({
    mailbox: terms.account.mailbox,
    sha256: message.sha256,
  });
  const items = await deps.messages.find(group.map(keyOf));
  const custodies = await allAtTheirEnd(
    group.map(async (arrival): Promise<Custody> => {
      const key = keyOf(arrival);
      const item = items.get(formatKey(key)) ?? null;
      const record = recordOf(arrival, item, now);
      const willDelete = mayDelete(terms.keep, item, record?.firstSeenAt ?? now, now);
      const known = await takeOne(deps, key, { arrival, item, willDelete, now });
      return { mail: arrival.mail, key, known, willDelete, record: marked(record, willDelete) };
    }),
  );
  await deps.uidls.record(
    terms.account,
    custodies.flatMap(({ record }) => record ?? []),
  );
  return custodies;

  function marked(record: UidlRecord | null, willDelete: boolean): UidlRecord | null {
    if (record?.state.kind !== 'taken' || !willDelete) return record;
    return { ...record, state: { ...record.state, deleIn: terms.session }, goneAt: now };
  }
}

/** Throws only when nothing is under way any more: what is still being written would outlive the run that began it. */
async function allAtTheirEnd<Result>(works: readonly Promise<Result>[]): Promise<Result[]> {
  await Promise.allSettled(works);
  return Promise.all(works);
}

interface TakenOne {
  readonly arrival: Arrival;
  readonly item: MessageItem | null;
  readonly willDelete: boolean;
  readonly now: number;
}

/** @returns whether these bytes were here already */
async function takeOne(
  deps: CustodyDeps,
  key: MessageKey,
  { arrival, item, willDelete, now }: TakenOne,
): Promise<boolean> {
  if (item !== null && isFinal(item)) {
    await deps.messages.change(key, noteSighting(now, SIGHTING_RENEWAL_MS, !willDelete));
    return true;
  }
  const written = await store(deps, key, arrival, now);
  if (!willDelete) await deps.messages.change(key, noteKept(now));
  else if (item?.onServer === true) await deps.messages.change(key, noteGone(now));
  else if (arrival.mail.hash === null) await deps.messages.change(key, noteArrival(now));
  return written === 'exists';
}

function store(
  deps: CustodyDeps,
  key: MessageKey,
  { mail, message }: Arrival,
  now: number,
): Promise<'created' | 'exists'> {
  return deps.store.create(key, message, {
    uidlHash: mail.uidl === null ? null : mail.hash,
    size: message.size,
    bodyDigest: message.bodyDigest,
    eightBit: message.eightBit,
    arrivedAt: now,
    recipient: null,
  });
}

/** The ledger's side of I1 for a message with a UIDL. */
function recordOf(
  { mail, message, record }: Arrival,
  item: MessageItem | null,
  now: number,
): UidlRecord | null {
  if (mail.hash === null) return null;
  return {
    uidlHash: mail.hash,
    size: mail.size,
    headerDigest: message.headerDigest,
    state: { kind: 'taken', sha256: message.sha256, deleIn: null, shared: !mail.alone },
    // The same bytes under another UIDL: their days of `keep` go on.
    firstSeenAt: Math.min(record?.firstSeenAt ?? now, item?.arrivedAt ?? now, now),
    seenAt: now,
    goneAt: null,
    trouble: null,
  };
}
