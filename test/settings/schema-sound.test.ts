import { rootCertificates } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { formatProblem } from '../../shared/settings/problem.ts';
import { parseSettings } from '../../shared/settings/schema.ts';
import { changed } from './expected.ts';
import { sampleDocument } from './sample-document.ts';

describe('a sound configuration', () => {
  it('gets every default', () => {
    const { general, mailboxes, broken, problems } = parseSettings(sampleDocument(), {});
    expect(problems).toEqual([]);
    expect(broken.size).toBe(0);
    const clear = { allowCleartext: false, ca: null, fingerprint: null };
    expect(general).toEqual({
      domains: ['corp.example'],
      undeliverable: 'admin@corp.example',
      delivery: {
        transport: 'smtp',
        smtp: {
          host: 'mail.corp.example',
          port: 587,
          tls: 'starttls',
          ...clear,
          username: null,
          password: null,
        },
        sender: 'original',
        concurrency: 4,
        giveUpAfterMs: 432_000_000,
      },
      aliases: new Map(),
      recipients: null,
      spam: null,
      limits: {
        ...{ messageBytes: 50_000_000, messagesPerRun: null, bytesPerRun: null },
        ...{ messagesPerSession: 1000, runMs: 840_000, rememberMs: 2_592_000_000 },
      },
      logLevel: 'info',
    });
    const common = {
      ...clear,
      host: 'pop.provider.example',
      port: 995,
      tls: 'implicit',
      auth: 'auto',
      oauth: null,
      schedule: { kind: 'every', ms: 300_000 },
      keep: 'none',
      initial: 'all',
      spam: null,
    };
    expect(mailboxes?.get('chris')).toEqual({
      ...common,
      id: 'chris',
      type: 'user',
      username: 'chris',
      password: { kind: 'named', name: 'chris' },
      deliverTo: ['chris@corp.example'],
      undeliverable: null,
    });
    expect(mailboxes?.get('everyone')).toEqual({
      ...common,
      id: 'everyone',
      type: 'global',
      username: 'catchall@corp.example',
      password: { kind: 'named', name: 'everyone' },
      recipientSource: [{ kind: 'to' }],
      rules: [],
      ignore: new Set(),
      loopAddress: null,
      undeliverable: 'admin@corp.example',
    });
  });

  it('takes what is written', () => {
    const pem = rootCertificates[0] ?? '';
    const document = {
      domains: ['Corp.example', '*.Bücher.example'],
      delivery: {
        transport: 'lmtp',
        smtp: {
          host: '127.0.0.1',
          port: 24,
          tls: 'none',
          username: 'connector',
          password: { secret: 'smtp' },
        },
        sender: 'Connector@Corp.example',
        concurrency: 2,
        giveUpAfter: '2d',
      },
      aliases: {
        'Info@Corp.example': ['chris@corp.example', 'Kelly@corp.example'],
        'Mu\u0308ller@post.BÜCHER.example': ['kelly@corp.example'],
      },
      recipients: ['Chris@corp.example', 'kelly@corp.example', 'JÜRGEN@corp.example'],
      spam: { header: 'X-Spam-Flag', value: 'YES', action: 'undeliverable' },
      mailboxes: {
        'all.of-us_1': {
          type: 'global',
          host: 'POP.provider.example',
          tls: 'starttls',
          username: 'u',
          password: { secret: 'p' },
          auth: 'user',
          schedule: 'every 2h',
          keep: '7d',
          initial: '12h',
          recipientSource: [
            { header: 'X-Original-To' },
            { header: 'Delivered-To', position: -2, prefix: 'x-', by: 'Provider.example.' },
            { received: 'mx.provider.example' },
            'gmx',
            'resent',
            'to',
          ],
          rules: [
            {
              when: { any: 'list@x', header: { 'List-Id': 'News' } },
              deliverTo: ['Kelly@corp.example', 'ext@partner.example'],
              expect: [{ any: 'LIST@X', header: { 'list-id': '=?utf-8?q?the_news?=' } }],
            },
            { when: { to: 'a' }, deliverTo: ['b@corp.example'] },
          ],
          spam: { header: 'X-Spam', value: 'Yes', action: 'hold' },
          ignore: ['CatchAll@corp.example'],
          undeliverable: 'office@corp.example',
          ca: 'ca.pem',
          fingerprint: 'AB:'.repeat(31) + 'cd',
          serverName: 'MX.Provider.example',
        },
      },
      limits: {
        ...{ messageBytes: null, messagesPerRun: 7, bytesPerRun: '2GB' },
        ...{ messagesPerSession: 10, runSeconds: 60, rememberDays: 90 },
      },
      logLevel: 'debug',
    };
    const parsed = parseSettings(document, { readFile: (path) => (path === 'ca.pem' ? pem : '') });
    expect(parsed.problems).toEqual([]);
    expect(parsed.general).toEqual({
      domains: ['corp.example', '*.xn--bcher-kva.example'],
      undeliverable: null,
      delivery: {
        transport: 'lmtp',
        smtp: {
          host: '127.0.0.1',
          port: 24,
          tls: 'none',
          allowCleartext: true,
          ca: null,
          fingerprint: null,
          username: 'connector',
          password: { kind: 'named', name: 'smtp' },
        },
        sender: 'Connector@corp.example',
        concurrency: 2,
        giveUpAfterMs: 172_800_000,
      },
      aliases: new Map([
        ['info@corp.example', ['chris@corp.example', 'Kelly@corp.example']],
        ['müller@post.xn--bcher-kva.example', ['kelly@corp.example']],
      ]),
      recipients: new Set(['chris@corp.example', 'kelly@corp.example', 'jürgen@corp.example']),
      spam: { header: 'X-Spam-Flag', value: 'YES', action: 'undeliverable' },
      limits: {
        ...{ messageBytes: null, messagesPerRun: 7, bytesPerRun: 2e9 },
        ...{ messagesPerSession: 10, runMs: 60_000, rememberMs: 7_776_000_000 },
      },
      logLevel: 'debug',
    });
    expect(parsed.mailboxes?.get('all.of-us_1')).toEqual({
      id: 'all.of-us_1',
      type: 'global',
      host: 'pop.provider.example',
      port: 110,
      tls: 'starttls',
      allowCleartext: false,
      ca: pem,
      fingerprint: 'ab'.repeat(31) + 'cd',
      serverName: 'mx.provider.example',
      username: 'u',
      password: { kind: 'named', name: 'p' },
      oauth: null,
      auth: 'user',
      schedule: { kind: 'every', ms: 7_200_000 },
      keep: { ageMs: 604_800_000 },
      initial: { ageMs: 43_200_000 },
      recipientSource: [
        { kind: 'header', header: 'X-Original-To', position: 1, prefix: null, by: null },
        {
          kind: 'header',
          header: 'Delivered-To',
          position: -2,
          prefix: 'x-',
          by: 'provider.example',
        },
        { kind: 'received', by: 'mx.provider.example' },
        { kind: 'header', header: 'Envelope-To', position: -1, prefix: null, by: null },
        { kind: 'resent' },
        { kind: 'to' },
      ],
      rules: [
        {
          when: { to: null, cc: null, any: 'list@x', header: { 'List-Id': 'News' } },
          deliverTo: ['Kelly@corp.example', 'ext@partner.example'],
        },
        { when: { to: 'a', cc: null, any: null, header: {} }, deliverTo: ['b@corp.example'] },
      ],
      spam: { header: 'X-Spam', value: 'Yes', action: 'hold' },
      ignore: new Set(['catchall@corp.example']),
      loopAddress: null,
      undeliverable: 'office@corp.example',
    });
  });

  it('needs no mailbox, and reads empty blocks of YAML as absent', () => {
    const parsed = parseSettings(
      {
        domains: null,
        delivery: { smtp: { host: 'localhost', port: null } },
        aliases: null,
        recipients: null,
        mailboxes: null,
        limits: null,
        logLevel: null,
      },
      {},
    );
    expect(parsed.problems).toEqual([]);
    expect(parsed.general?.limits.messageBytes).toBe(50_000_000);
    expect(parsed.mailboxes?.size).toBe(0);
  });

  it.each([
    ['implicit', 465],
    ['starttls', 587],
  ])('gives smtp with tls %s the port %d', (tls, port) => {
    const document = changed(({ delivery }) => (delivery.smtp['tls'] = tls));
    expect(parseSettings(document, {}).general?.delivery).toMatchObject({ smtp: { port } });
  });

  it('takes clear text by consent, and on loopback', () => {
    const document = changed(({ delivery, mailboxes }) => {
      Object.assign(delivery.smtp, { tls: 'none', allowCleartext: true });
      Object.assign(mailboxes.chris, { host: 'localhost', tls: 'none' });
    });
    const { general, mailboxes, problems } = parseSettings(document, {});
    expect(problems).toEqual([]);
    const smtp = { tls: 'none', port: 587, allowCleartext: true };
    expect(general?.delivery).toMatchObject({ smtp });
    expect(mailboxes?.get('chris')).toMatchObject({ tls: 'none', port: 110, allowCleartext: true });
  });

  it.each(['postfix', ['postfix'], [{ header: 'X-Original-To', position: 1 }]])(
    'takes one source without a list: %j',
    (recipientSource) => {
      const document = changed(({ mailboxes }) =>
        Object.assign(mailboxes.everyone, { recipientSource }),
      );
      const { mailboxes, problems } = parseSettings(document, {});
      expect(problems).toEqual([]);
      expect(mailboxes?.get('everyone')).toMatchObject({
        recipientSource: [
          { kind: 'header', header: 'X-Original-To', position: 1, prefix: null, by: null },
        ],
      });
    },
  );

  it('follows aliases to their ends', () => {
    const document = changed((whole) => {
      whole['aliases'] = {
        'sales@corp.example': ['Info@corp.example', 'ext@partner.example'],
        'info@corp.example': ['Chris@corp.example', 'kelly@corp.example'],
        'chris@corp.example': ['chris@corp.example', 'c.miller@corp.example'],
      };
    });
    const { general, problems } = parseSettings(document, {});
    expect(problems).toEqual([]);
    expect(general?.aliases).toEqual(
      new Map([
        [
          'sales@corp.example',
          [
            'chris@corp.example',
            'c.miller@corp.example',
            'kelly@corp.example',
            'ext@partner.example',
          ],
        ],
        [
          'info@corp.example',
          ['chris@corp.example', 'c.miller@corp.example', 'kelly@corp.example'],
        ],
        ['chris@corp.example', ['chris@corp.example', 'c.miller@corp.example']],
      ]),
    );
  });

  it('takes certificates written in place', () => {
    const pem = rootCertificates.slice(0, 2).join('\n');
    const document = changed(({ delivery }) => (delivery.smtp['ca'] = pem));
    expect(parseSettings(document, {}).general?.delivery).toMatchObject({ smtp: { ca: pem } });
  });

  it('takes SES with its block alone, and says what is not used', () => {
    const ses = { from: 'Connector@corp.example' };
    const document = changed((d) => Object.assign(d, { delivery: { transport: 'ses', ses } }));
    const { general, problems } = parseSettings(document, {});
    expect(problems).toEqual([]);
    expect(general?.delivery).toEqual({
      transport: 'ses',
      ses: { from: 'Connector@corp.example', configurationSet: null, region: null, tags: {} },
      sender: 'original',
      concurrency: 4,
      giveUpAfterMs: 432_000_000,
    });
    const all = { ...ses, configurationSet: 'mail', region: 'eu-west-1', tags: { site: 'a-b_1' } };
    const both = changed(({ delivery }) => Object.assign(delivery, { transport: 'ses', ses: all }));
    const parsed = parseSettings(both, {});
    expect(parsed.general?.delivery).toMatchObject({ transport: 'ses', ses: all });
    expect(parsed.problems.map(formatProblem)).toEqual([
      'delivery.smtp: expected no such block, got a block that is not used',
    ]);
  });
});
