import type { Clock } from '../../shared/clock.ts';
import type { MessageLedger, UidlLedger } from '../../shared/ledger/ledger.ts';
import { isFinal, noteArrival, noteSighting } from '../../shared/ledger/message-transitions.ts';
import type { MaildropAccount, UidlRecord } from '../../shared/ledger/uidl-record.ts';
import { SIGHTING_RENEWAL_MS } from '../../shared/limits.ts';
import { formatKey } from '../../shared/mail/message-key.ts';
import type { MessageKey } from '../../shared/mail/message-key.ts';
import type { ListedMail } from '../../shared/pop3/maildrop.ts';
import type { MailStore } from '../../shared/store/mail-store.ts';
import type { SpooledMessage } from '../../shared/store/spool.ts';
import { hashUidl } from './uidl-hash.ts';

export interface CustodyDeps {
  readonly store: MailStore;
  readonly messages: MessageLedger;
  readonly uidls: UidlLedger;
  readonly clock: Clock;
}

/** A whole message off the wire, not yet ours. */
export interface Arrival {
  readonly mail: ListedMail;
  readonly message: SpooledMessage;
}

export interface TakenMail {
  readonly key: MessageKey;
  /** These bytes were in the store or in the ledger already. */
  readonly known: boolean;
}

/**
 * Takes a group of messages into custody: when it resolves, each is durable in `Incoming/` (or final in the ledger
 * already) and recorded, and may be deleted on the server (I1). A group, so that syncs and commits are shared.
 * @param willDelete DELE comes next: recorded now, so that a UIDL which is listed again is never taken as known
 */
export async function takeIntoCustody(
  deps: CustodyDeps,
  account: MaildropAccount,
  group: readonly Arrival[],
  willDelete: boolean,
): Promise<readonly TakenMail[]> {
  const now = deps.clock.now();
  const keys = group.map(({ message }) => ({ mailbox: account.mailbox, sha256: message.sha256 }));
  const items = await deps.messages.find(keys);
  const finalBefore = keys.map((key) => {
    const item = items.get(formatKey(key));
    return item !== undefined && isFinal(item);
  });
  const taken = await Promise.all(
    group.map(async (arrival, index): Promise<TakenMail> => {
      const key = keyOf(account, arrival);
      if (finalBefore[index] === true) {
        await deps.messages.change(key, noteSighting(now, SIGHTING_RENEWAL_MS));
        return { key, known: true };
      }
      return { key, known: (await store(deps, key, arrival, now)) === 'exists' };
    }),
  );
  await record(deps, account, group, willDelete, now);
  return taken;
}

function store(
  deps: CustodyDeps,
  key: MessageKey,
  { mail, message }: Arrival,
  now: number,
): Promise<'created' | 'exists'> {
  return deps.store.create(key, message, {
    uidlHash: mail.uidl === null ? null : hashUidl(mail.uidl),
    size: message.size,
    bodyDigest: message.bodyDigest,
    eightBit: message.eightBit,
    arrivedAt: now,
    recipient: null,
  });
}

/** The ledger's side of I1: by UIDL where there is one, else by the message's own item. */
async function record(
  deps: CustodyDeps,
  account: MaildropAccount,
  group: readonly Arrival[],
  willDelete: boolean,
  now: number,
): Promise<void> {
  const records: UidlRecord[] = [];
  const nameless: MessageKey[] = [];
  for (const arrival of group) {
    const { mail, message } = arrival;
    if (mail.uidl === null) {
      nameless.push(keyOf(account, arrival));
      continue;
    }
    records.push({
      uidlHash: hashUidl(mail.uidl),
      size: mail.size,
      headerDigest: message.headerDigest,
      state: {
        kind: 'taken',
        sha256: message.sha256,
        deleIn: willDelete ? 0 : null,
        shared: false,
      },
      firstSeenAt: now,
      seenAt: now,
      goneAt: willDelete ? now : null,
      trouble: null,
    });
  }
  if (records.length > 0) await deps.uidls.record(account, records);
  await Promise.all(nameless.map((key) => deps.messages.change(key, noteArrival(now))));
}

function keyOf(account: MaildropAccount, { message }: Arrival): MessageKey {
  return { mailbox: account.mailbox, sha256: message.sha256 };
}
