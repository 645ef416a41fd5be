/** Where in a session a reply is due; `block` is the arrival of content before its end. */
export type SmtpStage =
  | 'connect'
  | 'ehlo'
  | 'helo'
  | 'starttls'
  | 'auth'
  | 'mail'
  | 'rcpt'
  | 'data'
  | 'block'
  | 'content'
  | 'rset'
  | 'quit';

export interface SmtpMoment {
  /** Number of the connection, from 1. */
  readonly session: number;
  /** Number of the transaction within the connection, from 1; 0 before the first MAIL. */
  readonly transaction: number;
  /** The address of MAIL or RCPT; for LMTP's replies to the content, the recipient they are about. */
  readonly address: string;
  /** Number of the RCPT within its transaction, from 1. */
  readonly recipient: number;
}

/**
 * A whole reply, its lines joined by CRLF. `drop` closes the connection, `hang` says nothing any more, `lose` does what
 * was asked and closes the connection before the reply, `split` sends the usual reply octet by octet.
 */
export type ScriptedReply = string | undefined;

export interface SmtpServerOptions {
  readonly tls?: {
    readonly mode: 'implicit' | 'starttls';
    readonly key: string;
    readonly cert: string;
  };
  readonly lmtp?: boolean;
  /** Lines of the EHLO reply; STARTTLS and AUTH are added where they are due. */
  readonly extensions?: readonly string[];
  /** Undefined: what a well-behaved server would say. */
  readonly replies?: (stage: SmtpStage, moment: SmtpMoment) => ScriptedReply;
  /** Needed before MAIL when given. */
  readonly auth?: {
    readonly username: string;
    readonly password: string;
    readonly mechanisms?: string;
  };
  /** Waited before each reply. */
  readonly delayMs?: number;
  /** 0, the default, takes a free one. */
  readonly port?: number;
}

export interface ReceivedMail {
  readonly session: number;
  readonly mailFrom: string;
  /** What followed the address in MAIL FROM, `SIZE=12 BODY=8BITMIME`. */
  readonly mailOptions: string;
  readonly recipients: readonly string[];
  /** As it was on the wire, with the stuffed dots taken away. */
  readonly data: Buffer;
  readonly secure: boolean;
}

/** What `EHLO` offers when the script says nothing else. */
export const DEFAULT_EXTENSIONS = ['PIPELINING', '8BITMIME', 'SMTPUTF8', 'SIZE 52428800'];
