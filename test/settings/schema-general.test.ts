import { describe, expect, it } from 'vitest';
import { parseSettings } from '../../shared/settings/schema.ts';
import {
  changed,
  errorsOf,
  someAddresses,
  ADDRESS,
  ADDRESSES,
  HOST,
  PORT,
  BLOCK,
  CLEAR,
} from './expected.ts';
import type { Case } from './expected.ts';

const generalErrors: Readonly<Record<string, Case>> = {
  'unknown key': [
    (d) => (d['mailbox'] = {}),
    'mailbox: expected a known setting, got "mailbox"; did you mean "mailboxes"?',
  ],
  'unknown key in another case': [
    (d) => (d['loglevel'] = 'info'),
    'loglevel: expected a known setting, got "loglevel"; did you mean "logLevel"?',
  ],
  'unknown key, nothing near': [
    (d) => (d['zzzzzzzzz'] = 1),
    'zzzzzzzzz: expected a known setting, got "zzzzzzzzz"',
  ],
  'domain with @': [
    (d) => (d['domains'] = ['@corp.example']),
    'domains[0]: expected a domain name such as corp.example, or *.corp.example for its sub-domains, got "@corp.example"; write "corp.example", without "@"',
  ],
  'domains no list': [
    (d) => (d['domains'] = 'corp.example'),
    'domains: expected a list of domain names, such as [corp.example], got "corp.example"',
  ],
  undeliverable: [
    (d) => (d['undeliverable'] = 'admin'),
    `undeliverable: expected ${ADDRESS}, got "admin"`,
  ],
  recipients: [
    (d) => (d['recipients'] = ['a@corp.example', 7]),
    `recipients[1]: expected ${ADDRESS}, got 7`,
  ],
  'recipients empty': [
    (d) => (d['recipients'] = []),
    `recipients: expected ${ADDRESSES}, got an empty list`,
  ],
  'alias target with other letters than ASCII before the @': [
    (d) => (d['aliases'] = { 'info@corp.example': ['müller@corp.example'] }),
    `aliases.info@corp.example[0]: expected ${ADDRESS}, got "müller@corp.example"`,
  ],
  'alias with an invisible letter': [
    (d) => (d['aliases'] = { 'in\u200bfo@corp.example': ['chris@corp.example'] }),
    `aliases.in\u200bfo@corp.example: expected ${ADDRESS} on the left, got "in\u200bfo@corp.example"`,
  ],
  'alias in quotes': [
    (d) => (d['aliases'] = { '"ü"@corp.example': ['chris@corp.example'] }),
    `aliases."ü"@corp.example: expected ${ADDRESS} on the left, got "\\"ü\\"@corp.example"`,
  ],
  'alias key': [
    (d) => (d['aliases'] = { info: ['chris@corp.example'] }),
    `aliases.info: expected ${ADDRESS} on the left, got "info"`,
  ],
  'alias target': [
    (d) => (d['aliases'] = { 'info@corp.example': ['chris'] }),
    `aliases.info@corp.example[0]: expected ${ADDRESS}, got "chris"`,
  ],
  'alias twice': [
    (d) =>
      (d['aliases'] = {
        'info@corp.example': ['a@corp.example'],
        'Info@corp.example': ['b@corp.example'],
      }),
    'aliases.Info@corp.example: expected each address once, whatever its case, got "Info@corp.example"',
  ],
  'an alias for more than a message may have': [
    (d) => (d['aliases'] = { 'all@corp.example': someAddresses(1001) }),
    'aliases.all@corp.example: expected at most 1000 addresses, since a message for more is held, got a list',
  ],
  'an alias for as many by others': [
    (d) =>
      (d['aliases'] = {
        'all@corp.example': ['half@corp.example', 'other@corp.example'],
        'half@corp.example': someAddresses(1000),
      }),
    'aliases.all@corp.example: expected at most 1000 addresses, since a message for more is held, got 1001, with those of the aliases among them',
  ],
  'aliases in a circle': [
    (d) =>
      (d['aliases'] = {
        'x@corp.example': ['a@corp.example'],
        'a@corp.example': ['b@corp.example', 'c@corp.example'],
        'b@corp.example': ['A@corp.example'],
      }),
    'aliases.a@corp.example: expected aliases that end at an address, got a circle: a@corp.example → b@corp.example → a@corp.example',
  ],
  spam: [
    (d) => (d['spam'] = { header: 'X Spam', value: 'YES', action: 'hold' }),
    'spam.header: expected the name of a header field, got "X Spam"',
  ],
  logLevel: [
    (d) => (d['logLevel'] = 'loud'),
    'logLevel: expected debug, info, warn or error, got "loud"',
  ],
  messageBytes: [
    (d) => (d['limits'] = { messageBytes: '0MB' }),
    'limits.messageBytes: expected a size above 0, such as 50MB, 64KiB or a number of bytes, or null for no limit, got "0MB"',
  ],
  messagesPerRun: [
    (d) => (d['limits'] = { messagesPerRun: 1.5 }),
    'limits.messagesPerRun: expected a whole number from 1 to 1000000, got 1.5',
  ],
  bytesPerRun: [
    (d) => (d['limits'] = { bytesPerRun: -1 }),
    'limits.bytesPerRun: expected a size above 0, such as 50MB, 64KiB or a number of bytes, or null for no limit, got -1',
  ],
  messagesPerSession: [
    (d) => (d['limits'] = { messagesPerSession: 0 }),
    'limits.messagesPerSession: expected a whole number from 1 to 1000000, got 0',
  ],
  rememberDays: [
    (d) => (d['limits'] = { rememberDays: '30d' }),
    'limits.rememberDays: expected a whole number from 1 to 3650, got "30d"',
  ],
  runSeconds: [
    (d) => (d['limits'] = { runSeconds: '1h' }),
    'limits.runSeconds: expected a whole number from 1 to 86400, got "1h"',
  ],
  'limits no block': [(d) => (d['limits'] = 5), `limits: expected ${BLOCK}, got 5`],
  transport: [
    (d) => (d.delivery['transport'] = 'uucp'),
    'delivery.transport: expected smtp, lmtp or ses, got "uucp"',
  ],
  'transport ses without its block': [
    (d) => Object.assign(d, { delivery: { transport: 'ses' } }),
    'delivery.ses: expected a block with "from", since the transport is ses, got nothing',
  ],
  'ses without from': [
    (d) => Object.assign(d, { delivery: { transport: 'ses', ses: {} } }),
    `delivery.ses.from: expected ${ADDRESS}, got nothing`,
  ],
  'ses region': [
    (d) => (d.delivery['ses'] = { from: 'c@corp.example', region: 'Frankfurt' }),
    'delivery.ses.region: expected the name of an AWS region, such as eu-central-1, got "Frankfurt"',
  ],
  'ses tags': [
    (d) => (d.delivery['ses'] = { from: 'c@corp.example', tags: { site: 'a b' } }),
    'delivery.ses.tags: expected a block of at most 49 tags, names and values of letters, digits, "_" and "-", got a block of settings',
  ],
  'ses form': [
    (d) => (d.delivery['ses'] = { from: 'x' }),
    `delivery.ses.from: expected ${ADDRESS}, got "x"`,
  ],
  'ses unknown key': [
    (d) => (d.delivery['ses'] = { from: 'c@corp.example', configurationset: 'x' }),
    'delivery.ses.configurationset: expected a known setting, got "configurationset"; did you mean "configurationSet"?',
  ],
  sender: [
    (d) => (d.delivery['sender'] = 'Original'),
    `delivery.sender: expected original or ${ADDRESS}, got "Original"`,
  ],
  concurrency: [
    (d) => (d.delivery['concurrency'] = 0),
    'delivery.concurrency: expected a whole number from 1 to 100, got 0',
  ],
  giveUpAfter: [
    (d) => (d.delivery['giveUpAfter'] = '30d'),
    'delivery.giveUpAfter: expected a time above 0, such as 30s, 5m, 2h or 7d, at most 14d, got "30d"',
  ],
  'no delivery': [
    (d) => Reflect.deleteProperty(d, 'delivery'),
    `delivery.smtp.host: expected ${HOST}, got nothing`,
  ],
  'smtp host': [
    (d) => (d.delivery.smtp['host'] = 'mail corp'),
    `delivery.smtp.host: expected ${HOST}, got "mail corp"`,
  ],
  'smtp host with credentials': [
    (d) => (d.delivery.smtp['host'] = 'smtp://me:hunter2@mail'),
    `delivery.smtp.host: expected ${HOST}, got "smtp://…@mail"`,
  ],
  'smtp port': [
    (d) => (d.delivery.smtp['port'] = 65_536),
    `delivery.smtp.port: expected ${PORT}, got 65536`,
  ],
  'smtp port as text': [
    (d) => (d.delivery.smtp['port'] = '25'),
    `delivery.smtp.port: expected ${PORT}, got "25"`,
  ],
  'smtp tls': [
    (d) => (d.delivery.smtp['tls'] = true),
    'delivery.smtp.tls: expected implicit, starttls or none, got true',
  ],
  'smtp clear text': [
    (d) => (d.delivery.smtp['tls'] = 'none'),
    `delivery.smtp.tls: expected ${CLEAR}, got "none"`,
  ],
  'smtp user without password': [
    (d) => (d.delivery.smtp['username'] = 'u'),
    'delivery.smtp.password: expected a password, since a user name is given, got nothing',
  ],
  'smtp password without user': [
    (d) => (d.delivery.smtp['password'] = { secret: 's' }),
    'delivery.smtp.username: expected a user name, since a password is given, got nothing',
  ],
  'a server name that is an address': [
    (d) => (d.delivery.smtp['serverName'] = '192.0.2.1'),
    'delivery.smtp.serverName: expected the name that the certificate is for, got "192.0.2.1"',
  ],
  fingerprint: [
    (d) => (d.delivery.smtp['fingerprint'] = 'ab:cd'),
    'delivery.smtp.fingerprint: expected a SHA-256 fingerprint: 64 hexadecimal digits, colons allowed, got "ab:cd"',
  ],
  'ca without files': [
    (d) => (d.delivery.smtp['ca'] = 'ca.pem'),
    'delivery.smtp.ca: expected the certificates themselves in PEM form (no files here), got "ca.pem"',
  ],
};

describe('a wrong general setting', () => {
  it.each(Object.entries(generalErrors))('%s', (_name, [change, line]) => {
    const parsed = parseSettings(changed(change), {});
    expect(errorsOf(parsed)).toEqual([line]);
    expect(parsed.general).toBeNull();
    expect([...parsed.broken.keys()]).toEqual([]);
  });
});
