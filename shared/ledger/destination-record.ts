/**
 * What the ledger knows of the destination of all mail while it does not answer: one record, since there is one
 * destination. Times are milliseconds since the epoch.
 */
export interface DestinationRecord {
  /** Which destination this is about: with other settings everything starts afresh. No secret. */
  readonly identity: string;
  /** For people: `mail.corp.example:587`. */
  readonly host: string;
  /** Tries in a row that found it down. */
  readonly failures: number;
  /** When the first of them was; null: it works, as far as is known. */
  readonly downSince: number | null;
  /** What the last of them met, one line. */
  readonly fault: string | null;
  /** Nothing is tried before this time; null: everything is. */
  readonly openUntil: number | null;
  /** How often in a row it was left alone for a while: picks how long. */
  readonly pauses: number;
  /** The one message that tries it out after a pause. */
  readonly probe: { readonly token: string; readonly until: number } | null;
}
