import { describe, expect, it } from 'vitest';

import { decide } from '../../shared/routing/decide.ts';
import { textsOfExample } from '../../shared/routing/field-texts.ts';
import { isSpam } from '../../shared/routing/spam.ts';
import type { SpamRule } from '../../shared/settings/settings.ts';
import { globalMailbox, routingInput, userMailbox } from './routing-input.ts';

const FLAG: SpamRule = { header: 'X-Spam-Flag', value: 'YES', action: 'undeliverable' };

describe('isSpam', () => {
  it.each([
    ['YES', 'YES', true],
    ['yes', 'Yes, score=7.1 required=5.0 tests=BAYES_99', true],
    ['yes', 'No, score=-0.1 tests=BAYES_00,KEYES autolearn=no', false],
    ['SFV:SPM', 'CIP:192.0.2.1;CTRY:;SFV:SPM;', true],
    ['SFV:SPM', 'SFV:SPMX', false],
    ['****', '*******', true],
    ['spam', '=?utf-8?q?SPAM?=', true],
    ['very likely', 'very\r\n likely', true],
    ['likely', 'unlikely, but likely', true],
    ['likely', 'unlikely', false],
    ['spam', 'not-spam', false],
    ['spam', 'spam-low', false],
    ['spam', 'spam - sure', true],
    ['*spam*', '-*spam*-', true],
    ['*yes', 'x*yes', true],
    ['yes*', 'yes*x', true],
    ['ü', 'Grün', false],
  ])('%s in %s: %s', (value, text, answer) => {
    const textsOf = textsOfExample(new Map([['x-spam-flag', text]]));
    expect(isSpam({ ...FLAG, value }, textsOf)).toBe(answer);
  });
});

describe('the spam rule', () => {
  const HEADER = 'To: chris@corp.example\nx-spam-flag: no\nX-Spam-Flag: YES\n\n';
  const mailboxes = [globalMailbox(), userMailbox(['chris@corp.example'])];

  it.each(mailboxes)('sends to the undeliverable mailbox, with the reason ($type)', (mailbox) => {
    const { decision } = decide(
      routingInput({ header: HEADER, mailbox: { ...mailbox, spam: FLAG } }),
    );
    expect(decision).toMatchObject({
      outcome: 'undeliverable',
      recipients: [{ address: 'admin@corp.example', source: 'undeliverable' }],
    });
    expect(decision.edits.add[2]).toBe(
      'X-Mailferry-Undeliverable: spam rule: X-Spam-Flag says YES',
    );
  });

  it('goes to the user mailbox’s own address before the general one', () => {
    const mailbox = { ...userMailbox(['a@b']), spam: FLAG, undeliverable: 'office@corp.example' };
    const { decision } = decide(routingInput({ header: HEADER, mailbox }));
    expect(decision.recipients.map(({ address }) => address)).toEqual(['office@corp.example']);
  });

  it('holds', () => {
    const mailbox = globalMailbox({ spam: { ...FLAG, action: 'hold' } });
    expect(decide(routingInput({ header: HEADER, mailbox })).decision).toMatchObject({
      outcome: 'held',
      recipients: [],
      warnings: ['spam rule: X-Spam-Flag says YES'],
    });
  });

  it('holds where it says undeliverable and there is no such mailbox', () => {
    const mailbox = { ...userMailbox(['a@b']), spam: FLAG };
    const general = { undeliverable: null };
    expect(decide(routingInput({ header: HEADER, mailbox, general })).decision).toMatchObject({
      outcome: 'held',
      warnings: ['spam rule: X-Spam-Flag says YES'],
    });
  });

  it('is told by its value in printable ASCII, cut short', () => {
    const reason = (value: string) => {
      const mailbox = globalMailbox({ spam: { header: 'X-Spam', value, action: 'hold' } });
      const header = Buffer.from(`X-Spam: ${value}\nTo: chris@corp.example\n\n`);
      return decide(routingInput({ header, mailbox })).decision.warnings;
    };
    expect(reason('  für\tuns ')).toEqual(['spam rule: X-Spam says f?r?uns']);
    expect(reason('x'.repeat(61))).toEqual([`spam rule: X-Spam says ${'x'.repeat(60)}`]);
  });

  it('of the general settings is for mailboxes without one, and deliver is one', () => {
    const general = { spam: FLAG };
    expect(decide(routingInput({ header: HEADER, general })).decision.outcome).toBe(
      'undeliverable',
    );
    const mailbox = globalMailbox({ spam: { ...FLAG, action: 'deliver' } });
    expect(decide(routingInput({ header: HEADER, general, mailbox })).decision).toMatchObject({
      outcome: 'deliver',
      recipients: [{ address: 'chris@corp.example' }],
    });
  });

  it('leaves mail alone that has not the value', () => {
    const header = 'To: chris@corp.example\nX-Spam-Flag: NO\n\n';
    expect(decide(routingInput({ header, general: { spam: FLAG } })).decision.outcome).toBe(
      'deliver',
    );
  });
});
