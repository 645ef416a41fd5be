import type { LogLevel } from '../observe/log.ts';
import type { RecipientSource, RoutingRule, SpamRule } from './recipient-settings.ts';
import type { Schedule } from './schedule.ts';

export type * from './recipient-settings.ts';

/** Where a password stands: by name in the secrets, or written plainly in the configuration file (with a warning). */
export type SecretRef =
  | { readonly kind: 'named'; readonly name: string }
  | { readonly kind: 'plain'; readonly value: string };

/** How to log in to a mailbox: `auto`, or the one mechanism to use. */
export type Authentication =
  | 'auto'
  | 'user'
  | 'apop'
  | 'plain'
  | 'login'
  | 'cram-md5'
  | 'scram-sha-1'
  | 'scram-sha-256'
  | 'ntlm'
  | 'xoauth2'
  | 'oauthbearer';

/** Where access tokens for a mailbox come from. */
export type OAuthSettings = OAuthClient &
  (
    | { readonly grant: 'refresh_token'; readonly refreshToken: SecretRef }
    | { readonly grant: 'client_credentials'; readonly refreshToken: null }
  );

interface OAuthClient {
  readonly provider: 'microsoft' | 'google' | 'custom';
  readonly clientId: string;
  readonly clientSecret: SecretRef | null;
  /** An https URL; http on this machine alone. */
  readonly tokenUrl: string;
  /** What the token is asked for; null: what the grant stands for anyway. */
  readonly scope: string | null;
}

/** How a connection is protected, for a mailbox as for the SMTP server. */
export interface Transport {
  readonly host: string;
  readonly port: number;
  readonly tls: 'implicit' | 'starttls' | 'none';
  readonly allowCleartext: boolean;
  /** PEM text of the authorities to trust instead of the system's. */
  readonly ca: string | null;
  /** SHA-256 of the certificate, 64 lower-case hex digits without colons. */
  readonly fingerprint: string | null;
  /** The name that the certificate is for; absent: `host`. */
  readonly serverName?: string;
}

export interface SmtpSettings extends Transport {
  readonly username: string | null;
  readonly password: SecretRef | null;
}

/** Amazon SES; credentials come from the environment, as the AWS SDK finds them. */
export interface SesSettings {
  /** The verified identity that mail is sent as. */
  readonly from: string;
  readonly configurationSet: string | null;
  /** Null: the environment's. */
  readonly region: string | null;
  /** Message tags, for the events that a configuration set publishes. */
  readonly tags: Readonly<Record<string, string>>;
}

interface DeliveryCommon {
  /** `original`, or a fixed MAIL FROM address. */
  readonly sender: string;
  /** Connections at once to the destination. */
  readonly concurrency: number;
  /** Milliseconds from the decision until a waiting recipient is given up. */
  readonly giveUpAfterMs: number;
}

export interface SmtpDelivery extends DeliveryCommon {
  readonly transport: 'smtp' | 'lmtp';
  readonly smtp: SmtpSettings;
}

export interface SesDelivery extends DeliveryCommon {
  readonly transport: 'ses';
  readonly ses: SesSettings;
}

export type DeliverySettings = SmtpDelivery | SesDelivery;

export interface Limits {
  /** A larger message (by LIST) stays on the server; null: no limit. */
  readonly messageBytes: number | null;
  readonly messagesPerRun: number | null;
  /** Octets by LIST; the first message of a run is always taken. null: no limit. */
  readonly bytesPerRun: number | null;
  /** So many messages are deleted in one session, which QUIT ends; another one goes on. */
  readonly messagesPerSession: number;
  readonly runMs: number;
  /** How long is remembered what nothing asks for any more. */
  readonly rememberMs: number;
}

export interface GeneralSettings {
  /** Accepted domains, lower-case A-labels; `*.corp.example` takes sub-domains (not corp.example itself). */
  readonly domains: readonly string[];
  readonly undeliverable: string | null;
  readonly delivery: DeliverySettings;
  /** Lower-case address to its primary addresses: chains are followed to their ends. */
  readonly aliases: ReadonlyMap<string, readonly string[]>;
  /** Existing addresses in lower case; null: any address in an accepted domain. */
  readonly recipients: ReadonlySet<string> | null;
  /** For mailboxes without one of their own. */
  readonly spam: SpamRule | null;
  readonly limits: Limits;
  readonly logLevel: LogLevel;
}

interface MailboxCommon extends Transport {
  readonly id: string;
  readonly username: string;
  /** Null with `oauth`, and only then. */
  readonly password: SecretRef | null;
  readonly oauth: OAuthSettings | null;
  readonly auth: Authentication;
  readonly schedule: Schedule;
  readonly keep: Keep;
  readonly initial: Initial;
  /** null: the general one holds. */
  readonly spam: SpamRule | null;
}

/** When a message is deleted on the server; an age in milliseconds from its first sight, and never before it is final. */
export type Keep = 'none' | 'delivered' | 'forever' | { readonly ageMs: number };

/** What of the mail that lies in a mailbox when it is first met is carried; an age in milliseconds by its date. */
export type Initial = 'all' | 'none' | { readonly ageMs: number };

export interface UserMailbox extends MailboxCommon {
  readonly type: 'user';
  /** Fixed recipients, whatever the header says. */
  readonly deliverTo: readonly string[];
  /** Where notices about this mailbox go; null: to the general one. */
  readonly undeliverable: string | null;
}

export interface GlobalMailbox extends MailboxCommon {
  readonly type: 'global';
  /** In this order; presets are resolved. */
  readonly recipientSource: readonly RecipientSource[];
  /** In this order; asked when the recipients came from `to`, or when no source yielded one. */
  readonly rules: readonly RoutingRule[];
  /** Lower-case addresses that are never recipients: the pickup box itself. */
  readonly ignore: ReadonlySet<string>;
  /**
   * Lower case: its own address, when mail is delivered to the very server that it is fetched from. Mail for it would
   * come round for ever. null: another server, or a user name that is no address.
   */
  readonly loopAddress: string | null;
  /** The mailbox's own, else the general one; a global mailbox always has one. */
  readonly undeliverable: string;
}

export type Mailbox = UserMailbox | GlobalMailbox;

/** One thing that is wrong with the configuration. */
export interface Problem {
  /** `mailboxes.sales.port`. */
  readonly path: string;
  readonly expected: string;
  /** What stands there; a secret is never repeated. */
  readonly got: string;
  /** What to do about it: the nearest known key, or that this version does not support it yet. */
  readonly hint?: string;
  /** A warning is reported and nothing more. */
  readonly severity: 'error' | 'warning';
}

/** What one reading of the configuration gave. */
export interface Settings {
  readonly general: GeneralSettings;
  /** The mailboxes that are sound. */
  readonly mailboxes: ReadonlyMap<string, Mailbox>;
  /** Ids of entries that stand in the configuration but are wrong: they stop alone. */
  readonly broken: ReadonlyMap<string, readonly Problem[]>;
  /** Everything to report, warnings and the problems of broken entries included. */
  readonly problems: readonly Problem[];
}

/** Port: the configuration, read anew (or from a short cache) at each call. */
export interface SettingsSource {
  /** @throws Failure `settings` when nothing usable can be read, not even the last good one */
  read(): Promise<Settings>;
}

/**
 * Port: the last good configuration, kept in the ledger so that a restart while the configuration is broken goes on
 * with it. A document is plain data (JSON can hold it) and never holds a secret.
 */
export interface SettingsMemory {
  /** @returns what was stored last; null: nothing yet */
  load(): Promise<unknown>;
  store(document: unknown): Promise<void>;
}

/** Port: secrets by name. */
export interface Secrets {
  /** @throws Failure `secret`, permanent, naming the secret and the places that were looked at, never its value */
  read(ref: SecretRef): Promise<string>;
}
