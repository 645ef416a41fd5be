import { rootCertificates } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { parseSettings } from '../../shared/settings/schema.ts';
import {
  changed,
  linesOf,
  errorsOf,
  someAddresses,
  ADDRESS,
  ADDRESSES,
  TEXT,
  SECRET,
  HOST,
  PORT,
  BLOCK,
  SOURCE,
  PRESETS,
  CLEAR,
} from './expected.ts';

const mailboxErrors: Readonly<Record<string, readonly [Record<string, unknown>, string]>> = {
  'unknown key': [
    { prot: 995 },
    'prot: expected a known setting, got "prot"; did you mean "port"?',
  ],
  type: [{ type: 'group' }, 'type: expected user or global, got "group"'],
  'no type': [{ type: undefined }, 'type: expected user or global, got nothing'],
  host: [
    { host: 'pop.provider.example:995' },
    `host: expected ${HOST}, got "pop.provider.example:995"`,
  ],
  'host with a line break': [
    { host: 'pop.example\r\nX' },
    `host: expected ${HOST}, got "pop.example\\r\\nX"`,
  ],
  port: [{ port: 0 }, `port: expected ${PORT}, got 0`],
  tls: [{ tls: 'ssl' }, 'tls: expected implicit, starttls or none, got "ssl"'],
  'clear text': [{ tls: 'none' }, `tls: expected ${CLEAR}, got "none"`],
  allowCleartext: [{ allowCleartext: 'yes' }, 'allowCleartext: expected true or false, got "yes"'],
  'username missing': [{ username: null }, `username: expected ${TEXT}, got nothing`],
  'username a number': [{ username: 123 }, `username: expected ${TEXT}, got 123; put it in quotes`],
  'username with a line break': [
    { username: 'a\nDELE 1' },
    `username: expected ${TEXT}, got "a\\nDELE 1"`,
  ],
  'username with NUL': [{ username: 'a\0b' }, `username: expected ${TEXT}, got "a\\u0000b"`],
  'password missing': [{ password: null }, `password: expected ${SECRET}, got nothing`],
  'password a number': [
    { password: 4711 },
    `password: expected ${SECRET}, got a number; put it in quotes`,
  ],
  'password with a line break': [
    { password: 'hunter2\n' },
    `password: expected ${SECRET}, got a text`,
  ],
  'password in braces': [
    { password: { hunter2: null } },
    `password: expected ${SECRET}, got a block of settings`,
  ],
  'password with a wrong name': [
    { password: { secret: 'hunter2 !' } },
    `password: expected ${SECRET}, got a block of settings`,
  ],
  'password key mistyped': [
    { pasword: 'hunter2' },
    'pasword: expected a known setting, got "pasword"; did you mean "password"?',
  ],
  auth: [
    { auth: 'digest' },
    'auth: expected auto, plain, user, login, apop, cram-md5, scram-sha-1, scram-sha-256, ntlm, xoauth2 or oauthbearer, got "digest"',
  ],
  'auth by token without oauth': [
    { auth: 'xoauth2', password: null },
    'oauth: expected the oauth block that auth xoauth2 gets its tokens by, got nothing',
  ],
  keep: [{ keep: 7 }, 'keep: expected none, delivered, forever or a time such as 7d, got 7'],
  initial: [{ initial: 'some' }, 'initial: expected all, none or a time such as 7d, got "some"'],
  'initial forever': [
    { initial: 'forever' },
    'initial: expected all, none or a time such as 7d, got "forever"',
  ],
  'keep 0d': [
    { keep: '0d' },
    'keep: expected none, delivered, forever or a time such as 7d, got "0d"',
  ],
  schedule: [
    { schedule: 'hourly' },
    'schedule: expected "every Nm", "every Nh" (at most 7 days), "never", or "cron" with five fields and perhaps a time zone, such as "cron */10 7-19 * * 1-5 Europe/Berlin", got "hourly"',
  ],
  'spam form': [
    { spam: { header: 'X-Spam-Flag', value: 'YES', action: 'discard' } },
    'spam.action: expected deliver, hold or undeliverable, got "discard"',
  ],
  'spam value': [
    { spam: { header: 'X-Spam-Flag', value: true, action: 'hold' } },
    `spam.value: expected ${TEXT}, got true; put it in quotes`,
  ],
  'spam value blank': [
    { spam: { header: 'X-Spam-Flag', value: ' ', action: 'hold' } },
    'spam.value: expected a text with more than blanks, got " "',
  ],
  'undeliverable wrong': [
    { undeliverable: 'nobody' },
    `undeliverable: expected ${ADDRESS}, got "nobody"`,
  ],
};

const userErrors: typeof mailboxErrors = {
  'deliverTo missing': [
    { deliverTo: undefined },
    'deliverTo: expected the addresses that this user mailbox is for, got nothing',
  ],
  'deliverTo with more than a message may have': [
    { deliverTo: someAddresses(1001) },
    'deliverTo: expected at most 1000 addresses, since a message for more is held, got a list',
  ],
  'deliverTo empty': [{ deliverTo: [] }, `deliverTo: expected ${ADDRESSES}, got an empty list`],
  'deliverTo no list': [
    { deliverTo: 'chris@corp.example' },
    `deliverTo: expected ${ADDRESSES}, got "chris@corp.example"`,
  ],
  recipientSource: [
    { recipientSource: ['to'] },
    'recipientSource: expected no such setting in a mailbox of type user, got a list',
  ],
  ignore: [
    { ignore: ['a@corp.example'] },
    'ignore: expected no such setting in a mailbox of type user, got a list',
  ],
  rules: [
    { rules: [{ when: { to: 'x' }, deliverTo: ['a@corp.example'] }] },
    'rules: expected no such setting in a mailbox of type user, got a list',
  ],
};

const TARGET = { deliverTo: ['a@corp.example'] };

const globalErrors: typeof mailboxErrors = {
  deliverTo: [
    { deliverTo: ['a@corp.example'] },
    'deliverTo: expected no such setting in a mailbox of type global, got a list; recipients are read from the header; fixed ones belong to type user',
  ],
  'rule for more than a message may have': [
    { rules: [{ when: { to: 'x' }, deliverTo: someAddresses(1001) }] },
    'rules[0].deliverTo: expected at most 1000 addresses, since a message for more is held, got a list',
  ],
  ignore: [{ ignore: ['catchall'] }, `ignore[0]: expected ${ADDRESS}, got "catchall"`],
  'source by the name of a field': [
    { recipientSource: ['X-Original-To', 'to'] },
    `recipientSource[0]: expected ${SOURCE}, got "X-Original-To"; for a header field write { header: X-Original-To }; ${PRESETS}`,
  ],
  'source prefix': [
    { recipientSource: [{ header: 'Delivered-To', prefix: 12 }] },
    'recipientSource[0].prefix: expected the text to strip from the local part, got 12; put it in quotes',
  ],
  'source empty': [
    { recipientSource: [] },
    `recipientSource: expected a list of: ${SOURCE}, got an empty list`,
  ],
  'source unknown': [
    { recipientSource: ['to', { x: 1 }] },
    `recipientSource[1]: expected ${SOURCE}, got a block of settings`,
  ],
  'source key': [
    { recipientSource: [{ header: 'X-Original-To', positon: 1 }] },
    'recipientSource[0].positon: expected a known setting, got "positon"; did you mean "position"?',
  ],
  'source position': [
    { recipientSource: [{ header: 'X-Original-To', position: 0 }] },
    'recipientSource[0].position: expected 1 (topmost), 2 …, or -1 (last), -2 …, got 0',
  ],
  'source header': [
    { recipientSource: [{ header: 'To:' }] },
    'recipientSource[0].header: expected the name of a header field, got "To:"',
  ],
  'source received': [
    { recipientSource: [{ received: 'a b' }] },
    'recipientSource[0].received: expected the end of a host name, such as provider.example, got "a b"',
  ],
  'source Received as header': [
    { recipientSource: [{ header: 'received' }] },
    'recipientSource[0].header: expected another header field; for Received write { received: provider.example }, got "received"',
  ],
  'source preset unknown': [
    { recipientSource: ['to', 'postfx'] },
    `recipientSource[1]: expected ${SOURCE}, got "postfx"; did you mean "postfix"? ${PRESETS}`,
  ],
  'source preset unlike any': [
    { recipientSource: 'something-else' },
    `recipientSource: expected ${SOURCE}, got "something-else"; for a header field write { header: something-else }; ${PRESETS}`,
  ],
  'source preset of the prototype': [
    { recipientSource: ['constructor'] },
    `recipientSource[0]: expected ${SOURCE}, got "constructor"; ${PRESETS}`,
  ],
  'rule form': [
    { rules: [{ when: {}, deliverTo: ['a@corp.example'] }] },
    'rules[0].when: expected at least one of to, cc, any and header, got a block of settings',
  ],
  'rule target': [
    { rules: [{ when: { to: 'x' }, deliverTo: ['a'] }] },
    `rules[0].deliverTo[0]: expected ${ADDRESS}, got "a"`,
  ],
  'rule with nothing but blanks': [
    { rules: [{ when: { cc: ' \t' }, deliverTo: ['a@corp.example'] }] },
    'rules[0].when.cc: expected a text with more than blanks, got " \\t"',
  ],
  'rule with a text that no decoded field holds': [
    { rules: [{ when: { header: { Subject: '=?utf-8?q?Gr=C3=BC=C3=9Fe?=' } }, ...TARGET }] },
    'rules[0].when.header.Subject: expected a text as people read it, got "=?utf-8?q?Gr=C3=BC=C3=9Fe?="; fields are decoded first; write "Grüße"',
  ],
  'rule with a line break': [
    { rules: [{ when: { to: 'a\nb' }, ...TARGET }] },
    `rules[0].when.to: expected ${TEXT}, got "a\\nb"`,
  ],
  'rule with the conditions of another': [
    {
      rules: [
        { when: { any: 'x@y', header: { Subject: 'a' } }, ...TARGET },
        { when: { header: { subject: 'A' }, any: 'X@Y' }, deliverTo: ['b@corp.example'] },
      ],
    },
    'rules[1].when: expected conditions of its own: rule 1 has the very same, got a block of settings; put the addresses there',
  ],
  'rule that can add nobody': [
    {
      rules: [
        { when: { any: 'list' }, deliverTo: ['A@corp.example', 'b@corp.example'] },
        { when: { to: 'list@y', cc: 'z' }, ...TARGET },
      ],
    },
    'rules[1].when: expected a rule that can add somebody: rule 1 matches whenever this one does, and has its recipients, got a block of settings',
  ],
  'rule with an example that it does not match': [
    {
      rules: [
        {
          when: { cc: 'list@y', header: { 'List-Id': 'news' } },
          expect: [
            { cc: 'LIST@y', header: { 'list-id': 'The News' } },
            { to: 'list@y', header: { 'List-Id': 'News' } },
          ],
          ...TARGET,
        },
      ],
    },
    'rules[0].expect[1]: expected an example that the rule matches, got "to: list@y, header.List-Id: News"',
  ],
};

describe('a wrong mailbox', () => {
  const cases = [
    ...Object.entries(mailboxErrors).map(
      ([name, [entry, line]]) => [name, 'everyone', entry, line] as const,
    ),
    ...Object.entries(globalErrors).map(
      ([name, [entry, line]]) => [name, 'everyone', entry, line] as const,
    ),
    ...Object.entries(userErrors).map(
      ([name, [entry, line]]) => [name, 'chris', entry, line] as const,
    ),
  ];

  it.each(cases)('%s (%s) stops alone', (_name, id, entry, line) => {
    const document = changed(({ mailboxes }) => Object.assign(mailboxes[id], entry));
    const parsed = parseSettings(document, {});
    expect(errorsOf(parsed)).toEqual([`mailboxes.${id}.${line}`]);
    expect([...parsed.broken.keys()]).toEqual([id]);
    expect(linesOf(parsed.broken.get(id), 'error')).toEqual([`mailboxes.${id}.${line}`]);
    expect([...(parsed.mailboxes?.keys() ?? [])]).toEqual([id === 'chris' ? 'everyone' : 'chris']);
    expect(parsed.general).not.toBeNull();
  });

  it('hides no fault of a rule behind that of another', () => {
    const document = changed(({ mailboxes }) => {
      mailboxes.everyone['rules'] = [
        { when: { to: 'list' }, deliverTo: [] },
        { when: { to: 'other' }, ...TARGET, expect: [{ to: 'something' }] },
        { when: { to: 'OTHER' }, ...TARGET },
        { when: { to: 'lists' } },
        { when: { to: 'lists' }, ...TARGET },
      ];
    });
    expect(errorsOf(parseSettings(document, {})).map((line) => line.split(' ')[0])).toEqual([
      'mailboxes.everyone.rules[0].deliverTo:',
      'mailboxes.everyone.rules[3].deliverTo:',
      'mailboxes.everyone.rules[1].expect[0]:',
      'mailboxes.everyone.rules[2].when:',
    ]);
  });

  it.each(['_notices', '', 'a/b', '..', 'x'.repeat(64), 'ä', '__proto__'])(
    'with the id %j',
    (id) => {
      const document = changed(({ mailboxes }) => {
        Object.defineProperty(mailboxes, id, { value: mailboxes.chris, enumerable: true });
      });
      const parsed = parseSettings(document, {});
      expect([...parsed.broken.keys()]).toEqual([id]);
      expect(errorsOf(parsed)).toEqual([
        `mailboxes.${id}: expected an id of at most 63 letters, digits, dots, underscores and hyphens that starts with a letter or digit, got ${JSON.stringify(id)}`,
      ]);
    },
  );

  it('with an id that differs from another in case alone', () => {
    const document = changed(
      ({ mailboxes }) => (mailboxes['Chris'] = { ...mailboxes.chris, username: 'x' }),
    );
    const parsed = parseSettings(document, {});
    expect(errorsOf(parsed)).toEqual([
      'mailboxes.Chris: expected an id that differs from "chris" in more than case, got "Chris"',
    ]);
    expect([...parsed.broken.keys()]).toEqual(['Chris']);
  });

  it('that is no block', () => {
    const parsed = parseSettings(
      changed(({ mailboxes }) => (mailboxes['x'] = 'pop.example')),
      {},
    );
    expect(errorsOf(parsed)).toEqual([`mailboxes.x: expected ${BLOCK}, got "pop.example"`]);
    expect([...parsed.broken.keys()]).toEqual(['x']);
  });

  it('with a CA file that cannot be read, or holds no certificate, or a damaged one', () => {
    const read = (readFile: (path: string) => string): string[] =>
      errorsOf(
        parseSettings(
          changed(({ mailboxes }) => (mailboxes.chris['ca'] = 'ca.pem')),
          { readFile },
        ),
      );
    const damaged = (rootCertificates[0] ?? '').replace(/MII/, 'MIX');
    expect(
      read(() => {
        throw new Error('no such file');
      }),
    ).toEqual([
      'mailboxes.chris.ca: expected a PEM file that can be read, got "ca.pem"; no such file',
    ]);
    expect(read(() => 'hello')).toEqual([
      'mailboxes.chris.ca: expected certificates in PEM form, got a file with no certificate (ca.pem)',
    ]);
    expect(read(() => `${rootCertificates[1] ?? ''}\n${damaged}`)).toEqual([
      'mailboxes.chris.ca: expected certificates in PEM form, got a file with certificate 2 that cannot be read (ca.pem)',
    ]);
  });
});
