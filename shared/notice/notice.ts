/**
 * A message of our own to the people who look after the mail: something failed, or cannot go on without them. It is
 * ordinary mail from here on (`Incoming/_notices/`), and its bytes follow from these fields alone, so that a second
 * try after a crash makes the same message and not another one.
 */
export interface Notice {
  /**
   * What it is about, and nothing that changes at a second try: makes the Message-ID. `oversize:<mailbox>:<uidlHash>`,
   * `failing:<mailbox>:<since>`.
   */
  readonly subjectKey: string;
  /** The one recipient, an address of the configuration ({@link noticeRecipient}). */
  readonly to: string;
  /** Milliseconds since the epoch, from the ledger and not "now": becomes Date. */
  readonly at: number;
  /** Plain words; whatever a stranger wrote in it is encoded. */
  readonly subject: string;
  /** For people, lines ending in LF. */
  readonly text: string;
  /** Only for mail that failed or is held. */
  readonly report: DeliveryReport | null;
}

/** What happened to one message, for machines (RFC 3464), and its header block. */
export interface DeliveryReport {
  /** When the connector took the message, milliseconds since the epoch. */
  readonly arrivedAt: number;
  /** None for a held message: then there is nothing that RFC 3464 could say of it. */
  readonly recipients: readonly ReportedRecipient[];
  /** The original's header block as octets, or as much of it as was read; too much is cut at a line. */
  readonly header: Buffer;
}

export interface ReportedRecipient {
  readonly address: string;
  /** RFC 3463, `5.1.1`. */
  readonly status: string;
  /** The server that refused, name with or without port; null when none was asked. */
  readonly remote: string | null;
  /** Its reply, `550 5.1.1 no such user`; null when there was none. */
  readonly reply: string | null;
  /** Milliseconds since the epoch. */
  readonly lastAttemptAt: number | null;
}
