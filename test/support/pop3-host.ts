import type { Pop3Script } from './pop3-script.ts';

export interface StoredMail {
  readonly content: Buffer;
  /** One character an octet; the same in every session. */
  readonly uidl: string;
}

export interface RecordedLogin {
  readonly user: string;
  readonly mechanism: string;
  readonly secure: boolean;
  readonly accepted: boolean;
}

export interface ServerTls {
  readonly key: string;
  readonly cert: string;
  /** TLS from the first octet instead of by STLS. */
  readonly implicit?: boolean;
}

/** What the sessions of one scripted server share. */
export interface Pop3Host {
  readonly tls: ServerTls | null;
  readonly capabilities: readonly string[];
  readonly script: Pop3Script;
  /** Every line received, passwords included. */
  readonly commands: string[];
  readonly logins: RecordedLogin[];
  offers(capability: string): boolean;
  /** The mails that this session sees; null when user or password are wrong. */
  open(user: string, password: string): readonly StoredMail[] | null;
  remove(user: string, mails: ReadonlySet<StoredMail>): void;
}
