import { describe, expect, test } from 'vitest';

import type { MailboxExamination } from '../../../functions/api/look/examine-mailbox.ts';
import { destinationFindings } from '../../../manager/doctor/destination-findings.ts';
import { mailboxFindings } from '../../../manager/doctor/mailbox-findings.ts';
import { quirksOf } from '../../../manager/doctor/provider-quirks.ts';
import type { DestinationExamination } from '../../../shared/courier/examination.ts';
import type { Mailbox, SmtpDelivery } from '../../../shared/settings/settings.ts';
import type { TlsFacts } from '../../../shared/tls/tls-facts.ts';
import { settingsOf } from '../../support/sample-settings.ts';

const NOW = Date.parse('2026-06-01T12:00:00Z');
const TLS: TlsFacts = {
  ...{ version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384', verified: true },
  ...{ subject: 'CN=pop.example', issuer: 'CN=authority', names: 'DNS:pop.example' },
  ...{ validFrom: '2026-01-01T00:00:00.000Z', validTo: '2026-12-31T00:00:00.000Z' },
  fingerprint: 'ab'.repeat(32),
};
const WELL: MailboxExamination = {
  ...{ id: 'box', server: 'pop.provider.example:995', tls: TLS, greeting: 'ready' },
  capabilities: { before: ['TOP', 'UIDL', 'SASL PLAIN'], after: ['TOP', 'UIDL', 'PIPELINING'] },
  authentication: { mechanism: 'PLAIN', obstacle: null, loggedIn: true },
  ...{ pipelining: 'offered', messages: 3, bytes: 300, loginDelaySeconds: null },
  uidl: { supported: true, stable: true, repeated: 0, numbers: false, longest: 20 },
  ...{ error: null, withheld: null },
};

const DAY_MS = 24 * 3_600_000;

/** @param changes settings as they are written; `kept` and `first` as they are read */
function mailboxWith({ kept, first, ...changes }: Readonly<Record<string, unknown>> = {}): Mailbox {
  const { mailboxes } = settingsOf({
    domains: ['corp.example'],
    undeliverable: 'admin@corp.example',
    delivery: { smtp: { host: 'mail.corp.example' } },
    mailboxes: {
      box: {
        ...{ type: 'user', host: 'pop.provider.example', username: 'box', password: 'x' },
        ...{ deliverTo: ['box@corp.example'], ...changes },
      },
    },
  });
  const mailbox = mailboxes.get('box');
  if (mailbox === undefined) throw new Error('expected a sound mailbox');
  return {
    ...mailbox,
    ...(kept === undefined ? {} : { keep: kept as Mailbox['keep'] }),
    ...(first === undefined ? {} : { initial: first as Mailbox['initial'] }),
  };
}

function found(
  seen: Partial<MailboxExamination>,
  changes: Readonly<Record<string, unknown>> = {},
): string[] {
  return mailboxFindings(mailboxWith(changes), { ...WELL, ...seen }, NOW).map(
    ({ severity, text, advice }) => `${severity}: ${text}${advice === null ? '' : ` → ${advice}`}`,
  );
}

const NO_LOGIN = { mechanism: 'PLAIN', obstacle: null, loggedIn: false };

describe('what follows from what a mailbox’s server showed', () => {
  test('all well: nothing but what is good to know', () => {
    expect(found({})).toEqual([
      'info: logs in by PLAIN',
      'info: its UIDLs were the same in two sessions',
    ]);
  });

  test.each<[string, Partial<MailboxExamination>, Record<string, unknown>, RegExp]>([
    [
      'no connection',
      {
        error: { kind: 'connect', message: 'refused' },
        messages: null,
        uidl: null,
        authentication: NO_LOGIN,
      },
      {},
      /^error: connect: refused → .*firewall/,
    ],
    [
      'no answer',
      { error: { kind: 'timeout', message: 'silent' }, messages: null, authentication: NO_LOGIN },
      {},
      /^error: timeout: silent → .*a server that waits for TLS/,
    ],
    [
      'a refused password',
      { error: { kind: 'login', message: 'no' }, messages: null, authentication: NO_LOGIN },
      {},
      /^error: login: no → .*mailbox edit box --password/,
    ],
    [
      'a refused certificate',
      { error: { kind: 'tls', message: 'self-signed' }, messages: null, authentication: NO_LOGIN },
      {},
      /^error: tls: self-signed → .*"fingerprint"/,
    ],
    [
      'that certificate',
      { tls: { ...TLS, verified: false, names: 'DNS:pop.provider.example' } },
      {},
      /^info: the certificate that was refused is for DNS:pop.provider.example.*(ab){32} → .*set "ca"/,
    ],
    [
      'one for another name',
      { tls: { ...TLS, verified: false, names: 'DNS:*.mx.example, DNS:mx.example' } },
      {},
      /^info: the certificate that was refused .* → .*serverName: mx\.example$/,
    ],
    [
      'a second session that failed',
      { error: { kind: 'login', message: '[IN-USE]' } },
      {},
      /^warning: the second session, right after the first, failed: \[IN-USE\]/,
    ],
    [
      'a run under way',
      { withheld: 'busy', authentication: NO_LOGIN },
      {},
      /^info: a run is under way/,
    ],
    [
      'no way in',
      { authentication: { mechanism: null, obstacle: 'none offered', loggedIn: false } },
      {},
      /^error: no way to log in: none offered/,
    ],
    [
      'clear text',
      { tls: null, capabilities: { before: ['STLS'], after: null } },
      { tls: 'none', allowCleartext: true },
      /^warning: password and mail cross.* → tls: starttls/,
    ],
    [
      'an expired certificate',
      { tls: { ...TLS, validTo: '2026-05-31T00:00:00.000Z' } },
      {},
      /^error: its certificate expired on 2026-05-31/,
    ],
    [
      'one that is not valid yet',
      { tls: { ...TLS, validFrom: '2026-06-02T00:00:00.000Z' } },
      {},
      /^error: its certificate is valid from 2026-06-02/,
    ],
    [
      'one that expires soon',
      { tls: { ...TLS, validTo: '2026-06-10T00:00:00.000Z' } },
      {},
      /^warning: its certificate expires on 2026-06-10/,
    ],
    ['a pinned one', {}, { fingerprint: 'ab'.repeat(32) }, /^info: its certificate is pinned/],
    [
      'no UIDL, kept',
      { uidl: { ...WELL.uidl, supported: false } as never },
      { keep: 'forever' },
      /^error: the server has no UIDL.* → keep: none/,
    ],
    [
      'no UIDL, not kept',
      { uidl: { ...WELL.uidl, supported: false } as never },
      {},
      /^info: the server has no UIDL/,
    ],
    [
      'unstable UIDLs, kept',
      { uidl: { ...WELL.uidl, stable: false } as never },
      { kept: { ageMs: 7 * DAY_MS } },
      /^warning: its UIDLs were others.* → keep: none/,
    ],
    [
      'unstable UIDLs, not kept',
      { uidl: { ...WELL.uidl, stable: false } as never },
      {},
      /^info: its UIDLs were others/,
    ],
    [
      'message numbers',
      { uidl: { ...WELL.uidl, numbers: true } as never },
      { kept: 'delivered' },
      /^warning: its UIDLs are message numbers/,
    ],
    [
      'one UIDL for two',
      { uidl: { ...WELL.uidl, repeated: 2 } as never },
      { keep: 'forever' },
      /^warning: 2 of its UIDLs stand/,
    ],
    [
      'long UIDLs',
      { uidl: { ...WELL.uidl, longest: 90 } as never },
      {},
      /^info: its UIDLs are longer/,
    ],
    [
      'LOGIN-DELAY above the schedule',
      { loginDelaySeconds: 601 },
      {},
      /^warning: the server demands 601 s.* → schedule: every 11m/,
    ],
    ['LOGIN-DELAY below it', { loginDelaySeconds: 60 }, {}, /^info: the server demands 60 s/],
    [
      'EXPIRE 0, kept',
      { capabilities: { before: null, after: ['EXPIRE 0'] } },
      { kept: { ageMs: 7 * DAY_MS } },
      /^warning: .*\(EXPIRE 0\)/,
    ],
    [
      'EXPIRE below keep',
      { capabilities: { before: null, after: ['EXPIRE 30 USER'] } },
      { kept: { ageMs: 60 * DAY_MS } },
      /^warning: .*after 30 days/,
    ],
    [
      'EXPIRE above keep',
      { capabilities: { before: null, after: ['EXPIRE 30'] } },
      { kept: { ageMs: 7 * DAY_MS } },
      /^info: .*after 30 days/,
    ],
    [
      'no TOP where it is needed',
      { capabilities: { before: ['UIDL'], after: ['UIDL'] } },
      { first: 'none' },
      /^warning: "initial"/,
    ],
    [
      'no CAPA',
      { capabilities: { before: null, after: null } },
      {},
      /^info: the server knows no CAPA/,
    ],
    ['one command at a time', { pipelining: 'none' }, {}, /^info: takes one command at a time/],
  ])('%s', (_what, seen, changes, expected) => {
    expect(found(seen, changes)).toContainEqual(expect.stringMatching(expected));
  });

  test('EXPIRE NEVER and LOGIN-DELAY 0 are nothing to speak of; the worst comes first', () => {
    const capabilities = { before: null, after: ['TOP', 'EXPIRE NEVER'] };
    expect(found({ capabilities, loginDelaySeconds: 0 })).toHaveLength(2);
    const severities = found(
      { loginDelaySeconds: 900, tls: { ...TLS, validTo: '2026-05-31T00:00:00.000Z' } },
      {},
    ).map((one) => one.split(':')[0]);
    expect(severities).toEqual(['error', 'warning', 'info', 'info']);
  });
});

describe('what is known of providers', () => {
  const quirks = (
    changes: Readonly<Record<string, unknown>>,
    seen: Partial<MailboxExamination> = {},
  ) => quirksOf(mailboxWith(changes), { ...WELL, ...seen });

  test.each([
    ['pop.gmail.com', 'Gmail', 'app password'],
    ['outlook.office365.com', 'Outlook and Microsoft 365', 'xoauth2'],
    ['pop-mail.outlook.com', 'Outlook and Microsoft 365', 'xoauth2'],
    ['pop.mail.yahoo.com', 'Yahoo and AOL', 'app password'],
    ['pop.aol.com', 'Yahoo and AOL', 'app password'],
    ['pop.gmx.net', 'GMX and WEB.DE', 'every 15'],
    ['pop3.web.de', 'GMX and WEB.DE', 'every 15'],
    ['pop.ionos.de', 'IONOS', 'whole address'],
    ['pop3.strato.de', 'Strato', 'whole address'],
    ['securepop.t-online.de', 'T-Online', 'password for e-mail programs'],
    ['ssl0.ovh.net', 'OVH', 'whole address'],
    ['mail.your-server.de', 'Hetzner', 'whole address'],
    ['poppro.zoho.eu', 'Zoho', 'switched on'],
    ['pop.mail.me.com', 'iCloud', 'no POP3'],
  ])('%s is %s: %s', (host, provider, said) => {
    const known = quirks({ host });
    expect(known.map((one) => one.provider)).toEqual([provider]);
    expect(JSON.stringify(known)).toContain(said);
  });

  test.each([
    ['Dovecot (Debian) ready.', 'Dovecot'],
    ['Hello there.', 'Courier'],
    ['The Microsoft Exchange POP3 service is ready.', 'Microsoft Exchange'],
    ['Gpop ready for requests from 192.0.2.1', 'Gmail'],
    ['pop.example Cyrus POP3 3.6 server ready', 'Cyrus'],
    ['QPOP (version 4.1) at pop.example starting.', 'Qpopper'],
  ])('the greeting %j is %s', (greeting, provider) => {
    expect(quirks({}, { greeting }).map((one) => one.provider)).toEqual([provider]);
  });

  test('a name is found in IMPLEMENTATION, and not in the middle of another host', () => {
    const capabilities = { before: ['IMPLEMENTATION DOVECOT'], after: null };
    expect(quirks({}, { capabilities })).toHaveLength(1);
    expect(quirks({ host: 'notgmail.com' })).toEqual([]);
    expect(quirks({ host: 'gmail.com.provider.example' })).toEqual([]);
  });

  test('what is put right already is not advised: OAuth, and a schedule that leaves time', () => {
    const oauth = {
      provider: 'microsoft',
      clientId: 'c',
      tenant: 't',
      refreshToken: { secret: 'r' },
    };
    const outlook = { host: 'outlook.office365.com', auth: 'xoauth2', password: null, oauth };
    const severities = (changes: Readonly<Record<string, unknown>>) =>
      quirks(changes).flatMap(({ findings }) => findings.map(({ severity }) => severity));
    expect(severities({ host: 'outlook.office365.com' })).toContain('error');
    expect(severities(outlook)).not.toContain('error');
    expect(severities({ host: 'pop3.web.de' })).toContain('warning');
    expect(severities({ host: 'pop3.web.de', schedule: 'every 15m' })).not.toContain('warning');
  });
});

describe('what follows from what the destination showed', () => {
  const SEEN: DestinationExamination = {
    ...{ server: 'mail.corp.example:587', greeting: '220 ready', tls: TLS, offersStartTls: true },
    features: ['8BITMIME', 'SMTPUTF8', 'PIPELINING', 'SIZE 100000000', 'AUTH PLAIN'],
    ...{ loggedIn: null, error: null },
  };
  const limits = settingsOf({ delivery: { smtp: { host: 'm.example' } } }).general.limits;

  function judged(
    seen: Partial<DestinationExamination>,
    smtp: Record<string, unknown> = {},
  ): string[] {
    const { delivery } = settingsOf({ delivery: { smtp: { host: 'm.example', ...smtp } } }).general;
    return destinationFindings(delivery as SmtpDelivery, { ...SEEN, ...seen }, limits, NOW).map(
      ({ severity, text }) => `${severity}: ${text}`,
    );
  }

  test.each<[string, Partial<DestinationExamination>, Record<string, unknown>, RegExp]>([
    [
      'down',
      { error: { kind: 'connect', message: 'refused' }, features: [] },
      {},
      /^error: connect: refused/,
    ],
    ['no login', {}, {}, /^info: no login is configured; the server offers one/],
    ['logged in', { loggedIn: true }, { username: 'me', password: 'x' }, /^info: logged in as me/],
    [
      'smaller than what is fetched',
      { features: ['SIZE 1000'] },
      {},
      /^warning: takes messages of up to 1000/,
    ],
    ['no 8BITMIME', { features: ['SIZE'] }, {}, /^warning: offers no 8BITMIME/],
    ['no SMTPUTF8', { features: ['8BITMIME'] }, {}, /^info: offers no SMTPUTF8/],
    ['port 25', {}, { port: 25 }, /^info: port 25 is closed for functions on AWS/],
    [
      'clear text',
      { tls: null },
      { tls: 'none', allowCleartext: true },
      /^warning: mail crosses the network/,
    ],
  ])('%s', (_what, seen, smtp, expected) => {
    expect(judged(seen, smtp)).toContainEqual(expect.stringMatching(expected));
  });
});
