import type { MailboxExamination } from '../../functions/api/look/examine-mailbox.ts';
import type { Mailbox } from '../../shared/settings/settings.ts';
import type { Finding } from './finding.ts';
import { error, info, warning } from './finding.ts';

/** What is known of one provider or one server software. */
interface Quirk {
  readonly name: string;
  /** The configured host ends so, at a label. */
  readonly hosts?: readonly string[];
  /** In the greeting, or among the capabilities (IMPLEMENTATION), without case. */
  readonly signs?: RegExp;
  readonly findings: (mailbox: Mailbox) => readonly Finding[];
}

export interface NamedQuirk {
  readonly provider: string;
  readonly findings: readonly Finding[];
}

/** The quirks of whoever is at the other end: by the configured host, the greeting and the capabilities. */
export function quirksOf(mailbox: Mailbox, examination: MailboxExamination): readonly NamedQuirk[] {
  const host = mailbox.host.toLowerCase();
  const { greeting, capabilities } = examination;
  const words = [greeting ?? '', ...(capabilities.before ?? []), ...(capabilities.after ?? [])];
  const shown = words.join('\n');
  return QUIRKS.filter(
    ({ hosts = [], signs }) =>
      hosts.some((one) => host === one || host.endsWith(`.${one}`)) || signs?.test(shown) === true,
  ).map(({ name, findings }) => ({ provider: name, findings: findings(mailbox) }));
}

function usesOAuth({ oauth }: Mailbox): boolean {
  return oauth !== null;
}

const APP_PASSWORD = 'make an app password there and use it as the password of this mailbox';

/** POP has to be switched on by the mailbox's owner before anything else can work. */
function switchedOn(where: string): Finding {
  return info(`POP3 has to be switched on for the mailbox, ${where}`);
}

/** Where the header names the envelope's recipient, for a mailbox that collects a whole domain. */
function recipientIn(mailbox: Mailbox, text: string, preset: string | null): readonly Finding[] {
  if (mailbox.type !== 'global') return [];
  const advice =
    preset === null
      ? `look with: mailferry explain --mailbox ${mailbox.id} --last 5`
      : `recipientSource: [${preset}, to]; look with: mailferry explain --mailbox ${mailbox.id} --last 5`;
  return [info(text, advice)];
}

const QUIRKS: readonly Quirk[] = [
  {
    name: 'Gmail',
    hosts: ['gmail.com', 'googlemail.com'],
    signs: /\bGpop ready\b/i,
    findings: (mailbox) => [
      switchedOn('in its settings under "Forwarding and POP/IMAP"'),
      info(
        'what one POP client has fetched is not shown to another; with the user name "recent:ADDRESS" the last 30 days are shown to all of them',
      ),
      info(
        'DELE does what the same settings say ("when messages are accessed with POP"): it may archive or keep the message instead of deleting it',
      ),
      info(
        'large mailboxes are listed a few hundred messages at a time; further runs get the rest',
      ),
      ...(usesOAuth(mailbox)
        ? []
        : [warning('the password of the account itself is refused', APP_PASSWORD)]),
      ...(tooOften(mailbox, 10)
        ? [warning('logins more often than every 10 minutes may be refused', 'schedule: every 10m')]
        : []),
      ...recipientIn(
        mailbox,
        'the recipient of a catch-all stands in X-Gm-Original-To, where the administrator has ticked it',
        'gmail',
      ),
    ],
  },
  {
    name: 'Outlook and Microsoft 365',
    hosts: ['outlook.com', 'office365.com', 'office.com', 'live.com', 'hotmail.com'],
    findings: (mailbox) => [
      switchedOn(
        'by its administrator (Set-CASMailbox -PopEnabled), or in the settings of Outlook.com',
      ),
      ...(usesOAuth(mailbox)
        ? []
        : [
            error(
              'logins by password are switched off at Microsoft',
              'auth: xoauth2 with an oauth block of provider microsoft',
            ),
          ]),
      info('the user name is the whole address, the primary one'),
      ...recipientIn(
        mailbox,
        'no header names the recipient of the envelope; only Received does, for a single recipient',
        null,
      ),
    ],
  },
  {
    name: 'Yahoo and AOL',
    hosts: ['yahoo.com', 'aol.com', 'yahoo.co.jp', 'att.net', 'verizon.net'],
    findings: (mailbox) => [
      ...(usesOAuth(mailbox)
        ? []
        : [warning('the password of the account itself is refused', APP_PASSWORD)]),
      info('many logins in a short time are answered with a temporary refusal'),
      ...recipientIn(mailbox, 'the recipient stands in X-Apparently-To', 'yahoo'),
    ],
  },
  {
    name: 'GMX and WEB.DE',
    hosts: ['gmx.net', 'gmx.com', 'gmx.de', 'gmx.at', 'gmx.ch', 'web.de', 'mail.com'],
    findings: (mailbox) => [
      switchedOn('in its settings under "POP3/IMAP"; it switches itself off when it is not used'),
      info('with two-factor authentication an app password is needed'),
      ...(tooOften(mailbox, 15)
        ? [warning('free mailboxes may take a login only every 15 minutes', 'schedule: every 15m')]
        : []),
      ...recipientIn(mailbox, 'the recipient stands in the last Envelope-To', 'gmx'),
    ],
  },
  {
    name: 'IONOS',
    hosts: ['ionos.de', 'ionos.com', 'ionos.co.uk', '1und1.de', '1and1.com', 'kundenserver.de'],
    findings: (mailbox) => [
      info('the user name is the whole address'),
      ...recipientIn(mailbox, 'the recipient most likely stands in the last Envelope-To', 'ionos'),
    ],
  },
  {
    name: 'Strato',
    hosts: ['strato.de', 'strato.com', 'rzone.de'],
    findings: (mailbox) => [
      info('the user name is the whole address of the mailbox'),
      ...recipientIn(mailbox, 'which header names the recipient is not known for certain', null),
    ],
  },
  {
    name: 'T-Online',
    hosts: ['t-online.de', 'magenta.de'],
    findings: (mailbox) => [
      warning(
        'the password of the customer account is usually refused',
        'set a "password for e-mail programs" there and use it as the password of this mailbox',
      ),
      ...recipientIn(mailbox, 'which header names the recipient is not known for certain', null),
    ],
  },
  {
    name: 'OVH',
    hosts: ['ovh.net', 'ovh.com'],
    findings: (mailbox) => [
      info('the user name is the whole address'),
      ...recipientIn(mailbox, 'Delivered-To most likely names the recipient', null),
    ],
  },
  {
    name: 'Hetzner',
    hosts: ['your-server.de', 'hetzner.com', 'hetzner.de'],
    findings: (mailbox) => [
      info('the user name is the whole address; the host is that of your own server there'),
      ...recipientIn(
        mailbox,
        'the recipient stands in Envelope-to, below a Received field of its own',
        'cpanel',
      ),
    ],
  },
  {
    name: 'Zoho',
    hosts: ['zoho.com', 'zoho.eu', 'zoho.in', 'zohomail.com', 'zohomail.eu'],
    findings: (mailbox) => [
      switchedOn('in its settings under "Mail accounts"'),
      info('mailboxes of organisations use the host poppro.zoho…, those of persons pop.zoho…'),
      info('with two-factor authentication an app password is needed'),
      ...(tooOften(mailbox, 15)
        ? [warning('frequent logins may block the mailbox for a while', 'schedule: every 15m')]
        : []),
      ...recipientIn(mailbox, 'Delivered-To most likely names the recipient', 'zoho'),
    ],
  },
  {
    name: 'iCloud',
    hosts: ['icloud.com', 'me.com', 'mac.com'],
    findings: () => [error('Apple offers IMAP alone, and no POP3')],
  },
  {
    name: 'Dovecot',
    signs: /\bdovecot\b/i,
    findings: () => [
      info('after failed logins it delays the next ones from the same address, longer each time'),
      info(
        'where it locks a maildrop (pop3_lock_session) a second login waits some seconds before it is refused as in use',
      ),
    ],
  },
  {
    name: 'Courier',
    signs: /\bcourier\b|^Hello there\.?$/im,
    findings: () => [
      info(
        'its UIDLs are made of file names: they change when the mailbox is copied to another server',
      ),
    ],
  },
  {
    name: 'Microsoft Exchange',
    signs: /Microsoft Exchange (?:Server \S+ )?POP3/i,
    findings: () => [
      info('it writes each message anew when it is fetched: sizes by LIST are estimates'),
      info('the user name may be needed as DOMAIN\\user, or as the whole address (UPN)'),
      info('PIPELINING is not offered, and taken all the same'),
    ],
  },
  {
    name: 'Cyrus',
    signs: /\bcyrus POP3\b/i,
    findings: () => [
      info('logins may be limited to one in some minutes (popminpoll), which LOGIN-DELAY tells'),
    ],
  },
  {
    name: 'Qpopper',
    signs: /\bQPOP(?:PER)?\b/i,
    findings: () => [
      info('it locks the mailbox file while a session lasts; mail that arrives meanwhile waits'),
    ],
  },
  {
    name: 'MDaemon',
    signs: /\bMDaemon\b/i,
    findings: (mailbox) =>
      recipientIn(mailbox, 'the recipient stands in X-MDaemon-Deliver-To', 'mdaemon'),
  },
  {
    name: 'Kerio Connect',
    signs: /\bKerio\b/i,
    findings: (mailbox) => recipientIn(mailbox, 'the recipient stands in X-Envelope-To', 'kerio'),
  },
];

function tooOften({ schedule }: Mailbox, minutes: number): boolean {
  return schedule.kind === 'every' && schedule.ms < minutes * 60_000;
}
