/** Faults that many tests ask for. All off by default; what is rarer is written as a rule (`pop3-rule.ts`). */
export interface Pop3Faults {
  /** Breaks off in the body of that message (number of the session), after so many octets as sent. */
  readonly breakOff?: {
    readonly message: number;
    readonly octets: number;
    readonly how: 'close' | 'reset' | 'stall';
  };
  /** Text of -ERR to every login, `[AUTH] no`. */
  readonly refuseLogin?: string;
  /** Text of -ERR instead of the greeting. */
  readonly refuseGreeting?: string;
  /** Beside `refuseLogin`: its -ERR echoes the command line with the password. */
  readonly echoPassword?: boolean;
  /** What LIST says instead of the size. */
  readonly listSize?: (size: number) => number | string;
  readonly refuseCapa?: boolean;
  readonly noUidl?: boolean;
  readonly noTop?: boolean;
  readonly noStls?: boolean;
  /** Each octet in a packet of its own. */
  readonly octetByOctet?: boolean;
  /** Sent in clear text behind the +OK to STLS, in the same packet. */
  readonly injectAfterStls?: string;
  /** Messages (numbers of the session) that RETR refuses with -ERR. */
  readonly refuseRetr?: readonly number[];
  /** Messages whose RETR has an empty answer. */
  readonly emptyRetr?: readonly number[];
  /**
   * Closes at QUIT without +OK: before the marked messages are deleted, or after.
   * `refuse` answers -ERR and deletes nothing.
   */
  readonly quit?: 'close-before-deletion' | 'close-after-deletion' | 'refuse';
  /** That command (first word) is answered by a line that never ends. */
  readonly endlessLine?: string;
  /** No answer to that command (first word). */
  readonly silentOn?: string;
  /** A command that comes together with another is lost behind it. */
  readonly losesPipelined?: boolean;
  /** Status lines end in a bare LF. */
  readonly bareLineFeeds?: boolean;
}
