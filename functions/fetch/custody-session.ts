import type { MaildropAccount } from '../../shared/ledger/uidl-record.ts';
import { CUSTODY_GROUP_MESSAGES, CUSTODY_GROUP_OCTETS } from '../../shared/limits.ts';
import { MailRefused } from '../../shared/pop3/maildrop.ts';
import type { Maildrop } from '../../shared/pop3/maildrop.ts';
import { takeIntoCustody } from './custody.ts';
import type { Arrival, CustodyDeps } from './custody.ts';
import type { Taking } from './take-mail.ts';

/**
 * Gathers what comes off the wire into groups and takes one group into custody while the next is being retrieved.
 * Order within a group: durable in the store, recorded in the ledger, then DELE (I1).
 */
export class CustodySession {
  readonly #deps: CustodyDeps;
  readonly #maildrop: Maildrop;
  readonly #account: MaildropAccount;
  readonly #willDelete: boolean;
  readonly #taking: Taking;
  readonly #deletions: Promise<void>[] = [];
  #group: Arrival[] = [];
  #groupOctets = 0;
  #broken = false;
  #committing: Promise<void> = Promise.resolve();

  constructor(
    deps: CustodyDeps,
    maildrop: Maildrop,
    account: MaildropAccount,
    willDelete: boolean,
    taking: Taking,
  ) {
    this.#deps = deps;
    this.#maildrop = maildrop;
    this.#account = account;
    this.#willDelete = willDelete;
    this.#taking = taking;
  }

  async add(arrival: Arrival): Promise<void> {
    this.#group.push(arrival);
    this.#groupOctets += arrival.message.size;
    const full =
      this.#group.length >= CUSTODY_GROUP_MESSAGES || this.#groupOctets >= CUSTODY_GROUP_OCTETS;
    if (full) await this.#startCommit();
  }

  /** Waits for the last group and for every DELE to be answered. */
  async finish(): Promise<void> {
    await this.#startCommit();
    await this.#committing;
    await Promise.all(this.#deletions);
  }

  /**
   * The session broke off: takes what came whole into custody all the same, else a server that breaks off at the
   * same place every time would never let anything through. Nothing is deleted. Its own failure is not reported:
   * the one that brought us here is.
   */
  async salvage(): Promise<void> {
    this.#broken = true;
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
    try {
      const taken = await takeIntoCustody(this.#deps, this.#account, group, this.#willDelete);
      this.#taking.taken.push(...taken);
      this.#taking.fetched += group.length;
      this.#taking.left -= group.length;
      this.#taking.bytes += group.reduce((sum, { message }) => sum + message.size, 0);
    } finally {
      await Promise.all(group.map(({ message }) => message.discard()));
    }
    if (!this.#willDelete || this.#broken) return;
    for (const { mail } of group) this.#delete(mail.number);
  }

  #delete(number: Parameters<Maildrop['delete']>[0]): void {
    const deletion = this.#maildrop.delete(number).catch((error: unknown) => {
      // It stays on the server; the next run retrieves it and knows it by its bytes.
      if (!(error instanceof MailRefused)) throw error;
    });
    deletion.catch(() => undefined);
    this.#deletions.push(deletion);
  }
}
