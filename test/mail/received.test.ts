import { describe, expect, it } from 'vitest';

import { foldField } from '../../shared/mail/fold.ts';
import { dateTime, receivedField } from '../../shared/mail/received.ts';
import type { Hop } from '../../shared/mail/received.ts';

const hop: Hop = {
  from: 'pop.provider.example',
  by: 'ferry.corp.example',
  tls: true,
  id: '0f3a0f3a0f3a',
  recipient: 'chris@corp.example',
  at: Date.UTC(2026, 10, 3, 9, 1, 6),
};
const unfolded = (changes: Partial<Hop> = {}) =>
  receivedField({ ...hop, ...changes }).replaceAll('\r\n', '');

describe('receivedField', () => {
  it('tells the hop in the order of RFC 5321 section 4.4, folded', () => {
    expect(receivedField(hop)).toBe(
      'Received: from pop.provider.example by ferry.corp.example\r\n' +
        ' with POP3S (Mailferry) id 0f3a0f3a0f3a for <chris@corp.example>;\r\n' +
        ' Tue, 03 Nov 2026 09:01:06 +0000',
    );
  });

  it('names no recipient where there are several', () => {
    expect(unfolded({ recipient: null })).toMatch(/id 0f3a0f3a0f3a; Tue, 03 Nov/);
  });

  it.each(['ü@corp.example', '"a b"@corp.example', 'a>b@corp.example', 'a\r\nX: y@corp.example'])(
    'leaves out a recipient that a reader could trip over: %j',
    (recipient) => {
      expect(unfolded({ recipient })).toBe(unfolded({ recipient: null }));
    },
  );

  it('says POP3 without TLS', () => {
    expect(unfolded({ tls: false })).toContain(' with POP3 (Mailferry) ');
  });

  it.each([
    ['192.0.2.1', '[192.0.2.1]'],
    ['2001:db8::1', '[IPv6:2001:db8::1]'],
    ['::1', '[IPv6:::1]'],
    ['192.168.100.200', '[192.168.100.200]'],
    ['g::1', 'unknown'],
    ['::g', 'unknown'],
    ['a.192.0.2.1', 'a.192.0.2.1'],
    ['pop_1.x', 'pop_1.x'],
    ['evil\r\nX: y', 'unknown'],
    ['a b', 'unknown'],
    ['1.2.3.4.example', '1.2.3.4.example'],
    ['', 'unknown'],
  ])('writes the host %j as %s', (host, written) => {
    expect(unfolded({ from: host })).toContain(`from ${written} by ferry`);
    expect(unfolded({ by: host })).toContain(`by ${written} with`);
  });
});

it('dateTime is RFC 5322 in UTC', () => {
  expect(dateTime(0)).toBe('Thu, 01 Jan 1970 00:00:00 +0000');
});

describe('foldField', () => {
  it('fills lines of 78 characters, never 79', () => {
    expect(foldField('X', ['a'.repeat(75)])).toBe(`X: ${'a'.repeat(75)}`);
    expect(foldField('X', ['a'.repeat(76)])).toBe(`X:\r\n ${'a'.repeat(76)}`);
    const lines = foldField(
      'X',
      Array.from({ length: 100 }, () => 'word'),
    ).split('\r\n');
    expect(lines[0]).toHaveLength(77);
    expect(lines[1]).toHaveLength(75);
    expect(lines.join('').split(' ')).toHaveLength(101);
  });
});
