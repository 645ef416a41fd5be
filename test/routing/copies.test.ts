import { describe, expect, it } from 'vitest';

import { decide } from '../../shared/routing/decide.ts';
import type { RecipientSource } from '../../shared/settings/settings.ts';
import { globalMailbox, routingInput } from './routing-input.ts';

const ENVELOPE: RecipientSource = {
  ...{ kind: 'header', header: 'X-Original-To', position: 1, prefix: null, by: null },
};

/** The duplicate key of a mail with that in X-Original-To, and its recipients. */
function copy(envelope: string, to = 'list@treyresearch.example', sources = [ENVELOPE]) {
  const header = `X-Original-To: ${envelope}\r\nTo: ${to}\r\nMessage-ID: <1@x>\r\n\r\n`;
  const mailbox = globalMailbox({ recipientSource: sources });
  const general = { recipients: new Set(['chris@corp.example', 'kelly@corp.example']) };
  const { decision, duplicateKey } = decide(routingInput({ header, mailbox, general }));
  return { key: duplicateKey, to: decision.recipients.map(({ address }) => address) };
}

describe('copies of one mail for the undeliverable mailbox', () => {
  it('are not the same where the envelope named different people', () => {
    const gone = copy('gone@corp.example');
    expect(gone.to).toEqual(['admin@corp.example']);
    expect(copy('left@corp.example').key).not.toBe(gone.key);
    expect(copy('GONE@corp.example').key).toBe(gone.key);
  });

  it('are the same where it named nobody', () => {
    const nobody = copy('nobody');
    expect(copy('a@b@c').key).toBe(nobody.key);
    expect(copy('gone@corp.example').key).not.toBe(nobody.key);
  });

  it('are the same for those in To and Cc, whom all copies name', () => {
    const sources: RecipientSource[] = [{ kind: 'to' }];
    const one = copy('gone@corp.example', 'x@y.example', sources);
    expect(copy('left@corp.example', 'x@y.example', sources).key).toBe(one.key);
    expect(copy('nobody', 'x@y.example').key).toBe(one.key);
  });
});

it('copies for people who are there are one mail, whoever the envelope names', () => {
  const sources: RecipientSource[] = [ENVELOPE, { kind: 'to' }];
  const chris = copy('chris@corp.example');
  expect(copy('kelly@corp.example').key).toBe(chris.key);
  expect(
    copy('gone@corp.example', 'list@treyresearch.example, kelly@corp.example', sources),
  ).toEqual({
    to: ['kelly@corp.example'],
    key: copy('chris@corp.example', 'list@treyresearch.example, kelly@corp.example').key,
  });
});
