import { isForgotten } from '../../shared/ledger/forgetting.ts';
import type { UidlLedger } from '../../shared/ledger/ledger.ts';
import type { MaildropAccount, SessionId, UidlRecord } from '../../shared/ledger/uidl-record.ts';

/** Records that are looked up one by one; beyond that, all of the account at once. */
const FEW = 100;

export interface Lookup {
  readonly hashes: readonly string[];
  /** How many records stand for listed messages, as far as was known; null: unknown. */
  readonly expected: number | null;
  /** Records of what was not listed before are of no use. */
  readonly onlyListed: boolean;
  readonly now: number;
  readonly rememberMs: number;
}

/** What was known of an account's messages when a session began, and what that session has changed in it. */
export class RecordBook {
  readonly #ledger: UidlLedger;
  readonly #account: MaildropAccount;
  readonly #records: Map<string, UidlRecord>;

  private constructor(
    ledger: UidlLedger,
    account: MaildropAccount,
    records: Map<string, UidlRecord>,
  ) {
    this.#ledger = ledger;
    this.#account = account;
    this.#records = records;
  }

  /**
   * Looks up what the listing asks for, and all there is where something may have left the listing: with fewer live
   * records in it than there were, some have gone.
   */
  static async open(
    ledger: UidlLedger,
    account: MaildropAccount,
    { hashes, expected, onlyListed, now, rememberMs }: Lookup,
  ): Promise<RecordBook> {
    const live = (found: ReadonlyMap<string, UidlRecord>): Map<string, UidlRecord> => {
      const records = new Map<string, UidlRecord>();
      for (const [hash, record] of found) {
        if (!isForgotten(record, now, rememberMs)) records.set(hash, record);
      }
      return records;
    };
    if (expected === 0 && onlyListed) return new RecordBook(ledger, account, new Map());
    if (expected !== null && hashes.length <= FEW) {
      const found = live(await ledger.find(account, [...new Set(hashes)]));
      if (found.size >= expected) return new RecordBook(ledger, account, found);
    }
    return new RecordBook(ledger, account, live(await ledger.all(account)));
  }

  get isEmpty(): boolean {
    return this.#records.size === 0;
  }

  get(hash: string): UidlRecord | undefined {
    return this.#records.get(hash);
  }

  /** As they are in the ledger now, with those that custody has written. */
  read(hashes: readonly string[]): Promise<ReadonlyMap<string, UidlRecord>> {
    return this.#ledger.find(this.#account, [...new Set(hashes)]);
  }

  all(): Iterable<UidlRecord> {
    return this.#records.values();
  }

  /** The latest session that meant to delete something. */
  lastSession(): SessionId {
    let last = 0;
    for (const { state } of this.#records.values()) {
      if (state.kind === 'taken') last = Math.max(last, state.deleIn ?? 0);
    }
    return last;
  }

  /** Durable when it resolves. */
  async put(records: readonly UidlRecord[]): Promise<void> {
    if (records.length === 0) return;
    await this.#ledger.record(this.#account, records);
    this.note(records);
  }

  /** What was written by other hands. */
  note(records: readonly UidlRecord[]): void {
    for (const record of records) this.#records.set(record.uidlHash, record);
  }
}
