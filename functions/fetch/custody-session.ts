import { CUSTODY_GROUP_MESSAGES, CUSTODY_GROUP_OCTETS } from '../../shared/limits.ts';
import { takeIntoCustody } from './custody.ts';
import type { Arrival, Custody } from './custody.ts';
import type { MaildropSession } from './maildrop-run.ts';

/**
 * Gathers what comes off the wire into groups and takes one group into custody while the next is being retrieved.
 * Order within a group: durable in the store, recorded in the ledger; only then may it be marked for DELE (I1).
 */
export class CustodySession {
  readonly #session: MaildropSession;
  #group: Arrival[] = [];
  #groupOctets = 0;
  #committing: Promise<void> = Promise.resolve();

  constructor(session: MaildropSession) {
    this.#session = session;
  }

  async add(arrival: Arrival): Promise<void> {
    this.#group.push(arrival);
    this.#groupOctets += arrival.message.size;
    const full =
      this.#group.length >= CUSTODY_GROUP_MESSAGES || this.#groupOctets >= CUSTODY_GROUP_OCTETS;
    if (full) await this.#startCommit();
  }

  /** Waits for the last group. */
  async finish(): Promise<void> {
    await this.#startCommit();
    await this.#committing;
  }

  /**
   * The session broke off: takes what came whole into custody all the same, else a server that breaks off at the
   * same place every time would never let anything through. Its own failure is not reported: the one that brought us
   * here is.
   */
  async salvage(): Promise<void> {
    await this.#startCommit().catch(() => undefined);
    await this.#committing.catch(() => undefined);
    await Promise.all(this.#group.map(({ message }) => message.discard()));
  }

  /** Waits for the group before, so that no more than two are in memory. */
  async #startCommit(): Promise<void> {
    await this.#committing;
    const group = this.#group;
    if (group.length === 0) return;
    this.#group = [];
    this.#groupOctets = 0;
    this.#committing = this.#commit(group);
    // Awaited by the next group or by finish(); until then a rejection must not count as unhandled.
    this.#committing.catch(() => undefined);
  }

  async #commit(group: readonly Arrival[]): Promise<void> {
    const { run, id } = this.#session;
    const terms = { account: run.account, keep: run.mailbox.keep, session: id };
    try {
      this.#taken(await takeIntoCustody(run.deps, terms, group));
      const { taking } = run;
      taking.fetched += group.length;
      taking.left = Math.max(0, taking.left - group.length);
      taking.bytes += group.reduce((sum, { message }) => sum + message.size, 0);
    } finally {
      await Promise.all(group.map(({ message }) => message.discard()));
    }
  }

  #taken(custodies: readonly Custody[]): void {
    const { run, book, inCustody, toDelete } = this.#session;
    for (const { key, known, mail, willDelete, record } of custodies) {
      run.taking.taken.push({ key, known });
      const firstSeenAt = record?.firstSeenAt ?? this.#session.policy.now;
      inCustody.set(mail.number, { sha256: key.sha256, firstSeenAt });
      if (willDelete) toDelete.add(mail.number);
      // One whose UIDL stands for two is retrieved by every run, and gets nobody any further.
      const before = mail.hash === null ? undefined : book.get(mail.hash);
      const isNew = mail.hash !== null && before?.state.kind !== 'taken';
      run.taking.progressed ||= !known || isNew;
      if (record !== null && before !== undefined) book.note([record]);
    }
  }
}
