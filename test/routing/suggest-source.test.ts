import { describe, expect, it } from 'vitest';

import { headerExtract } from '../../shared/routing/header-extract.ts';
import { recipientLikeFields } from '../../shared/routing/recipient-like-fields.ts';
import { suggestSource } from '../../shared/routing/suggest-source.ts';
import type { Suggestion } from '../../shared/routing/suggest-source.ts';
import { formatSource } from '../../shared/settings/source-presets.ts';

const acceptance = {
  domains: ['corp.example'],
  ignore: new Set(['box@corp.example']),
  loopAddress: null,
  aliases: new Map<string, readonly string[]>(),
  recipients: null,
};

const PEOPLE = ['chris', 'kelly', 'pat'];

/** What is suggested for one message a person, made by `lines`. */
function suggestion(
  lines: (person: string) => readonly string[],
  people: readonly string[] = PEOPLE,
): Suggestion | null {
  const headers = people.map((person) => Buffer.from(`${lines(person).join('\r\n')}\r\n\r\n`));
  return suggestSource(headers, acceptance);
}

const source = (
  lines: (person: string) => readonly string[],
  people: readonly string[] = PEOPLE,
): string | null => {
  const found = suggestion(lines, people);
  return found === null ? null : formatSource(found.source);
};

const sent = ['From: ann@nwtraders.example', 'To: list@treyresearch.example'];

describe('suggestSource', () => {
  it('names the field that names somebody in all messages, and whom', () => {
    const lines = (person: string) => [
      `X-Original-To: ${person}@corp.example`,
      'Delivered-To: box@corp.example',
      ...sent,
    ];
    expect(suggestion(lines)).toEqual({
      source: { kind: 'header', header: 'X-Original-To', position: 1, prefix: null, by: null },
      ...{ messages: 3, of: 3 },
      addresses: ['chris@corp.example', 'kelly@corp.example', 'pat@corp.example'],
    });
  });

  it('takes the last field where the provider writes it below From', () => {
    expect(source((person) => [...sent, `Envelope-To: <${person}@corp.example>`])).toBe(
      '{ header: Envelope-To, position: -1 }',
    );
  });

  it('finds a field of the provider’s own making', () => {
    expect(source((person) => [`X-Pickup-Rcpt: ${person}@corp.example`, ...sent])).toBe(
      '{ header: X-Pickup-Rcpt, position: 1 }',
    );
    expect(source((person) => [`X-Whose: ${person}@corp.example`, ...sent])).toBe(
      '{ header: X-Whose, position: 1 }',
    );
  });

  it('takes Received where nothing else is there, with what the hosts have in common', () => {
    const received = (person: string, host: string) =>
      `Received: from x by ${host} with ESMTP id 1 for <${person}@corp.example>; d`;
    expect(
      source((person) => [received(person, `mx-${person}.in.provider.example`), ...sent]),
    ).toBe('{ received: in.provider.example }');
    expect(source((person) => [received(person, `${person}.example`), ...sent])).toBeNull();
    expect(source((person) => [received(person, '[192.0.2.1]'), ...sent])).toBeNull();
  });

  it('takes no Received of the sender’s own servers', () => {
    const provider = 'Received: from x by mailin.provider.example with ESMTP id 1; d';
    const received = (host: string) => (person: string) => [
      provider,
      `Received: from y by ${host} with ESMTPSA id 2 for <${person}@corp.example>; d`,
      ...sent,
    ];
    expect(source(received('smtp.nwtraders.example'))).toBeNull();
    expect(source(received('mx.provider.example'))).toBe('{ received: mx.provider.example }');
    const literal = 'Received: by 2001:db8::1 with SMTP id 1; d';
    expect(source((person) => [literal, ...received('mx.provider.example')(person)])).toBe(
      '{ received: mx.provider.example }',
    );
  });

  it('takes no end of a name that a registry gives out', () => {
    const received = (person: string, host: string) =>
      `Received: from x by ${host} with ESMTP id 1 for <${person}@corp.example>; d`;
    expect(source((person) => [received(person, `mx.${person}.co.uk`), ...sent])).toBeNull();
    expect(source((person) => [received(person, `${person}.box.co.uk`), ...sent])).toBe(
      '{ received: box.co.uk }',
    );
    const hop = 'Received: from x by a.first.co.uk with ESMTP id 1; d';
    expect(source((person) => [hop, received(person, 'b.second.co.uk'), ...sent])).toBeNull();
  });

  it('takes off what the provider puts before each local part', () => {
    const noted = (person: string) => `Delivered-To: 12-${person}@corp.example`;
    const visible = (person: string) => [noted(person), 'From: a@b', 'To: Kelly@corp.example'];
    expect(suggestion(visible)).toMatchObject({
      source: { header: 'Delivered-To', prefix: '12-' },
      addresses: ['chris@corp.example', 'kelly@corp.example', 'pat@corp.example'],
    });
    expect(source((person) => [noted(person), ...sent])).toBe(
      '{ header: Delivered-To, position: 1 }',
    );
    const mixed = (person: string) =>
      person === 'pat' ? ['Delivered-To: pat@corp.example'] : visible(person);
    expect(source(mixed)).toBe('{ header: Delivered-To, position: 1 }');
  });

  it('prefers a field to Received, and what fits more often to what fits less', () => {
    expect(
      source((person) => [
        ...(person === 'pat' ? [] : [`X-Original-To: ${person}@corp.example`]),
        `Delivered-To: ${person}@corp.example`,
        `Received: from x by mx.provider.example for <${person}@corp.example>; d`,
        ...sent,
      ]),
    ).toBe('{ header: Delivered-To, position: 1 }');
  });

  it('is not misled by the pickup box, whether it is listed as such or not', () => {
    expect(source(() => ['Delivered-To: box@corp.example', ...sent])).toBeNull();
    const pickup = (person: string) => [
      'Delivered-To: collect@corp.example',
      'From: a@b.example',
      `To: ${person}@corp.example`,
    ];
    expect(source(pickup)).toBeNull();
  });

  it('takes one address for the pickup box from two messages on, and where others are written to', () => {
    const noted = ['X-Original-To: chris@corp.example', 'From: a@b'];
    const others = () => [...noted, 'To: kelly@corp.example'];
    const found = '{ header: X-Original-To, position: 1 }';
    expect(source(others, ['one'])).toBe(found);
    expect(source(others, ['one', 'two'])).toBeNull();
    expect(source(() => [...noted, 'To: list@treyresearch.example'])).toBe(found);
    const once = (one: string) => (one === 'two' ? ['To: kelly@corp.example'] : others());
    expect(source(once, ['one', 'two'])).toBe(found);
    const each = (one: string) => [
      `X-Original-To: ${one}@corp.example`,
      'From: a@b',
      'To: dave@corp.example',
    ];
    expect(source(each)).toBe(found);
  });

  it('takes what names somebody in half of the messages, and shows ten of them', () => {
    const half = (one: string) => (one < 'c' ? [`X-Original-To: ${one}@corp.example`] : sent);
    expect(suggestion(half, ['a', 'b', 'c', 'd'])).toMatchObject({ messages: 2, of: 4 });
    expect(suggestion(half, ['a', 'b', 'c', 'd', 'e'])).toBeNull();
    const twelve = Array.from({ length: 12 }, (_, at) => `u${at}`);
    const found = suggestion((one) => [`X-Original-To: ${one}@corp.example`], twelve);
    expect(found?.addresses).toEqual(twelve.slice(0, 10).map((one) => `${one}@corp.example`));
  });

  it('takes X-Original-To before Delivered-To, and either before what nobody knows', () => {
    const field = (name: string) => (person: string) => `${name}: ${person}@corp.example`;
    const names = ['X-Whose', 'Delivered-To', 'X-Original-To'];
    const lines = (some: readonly string[]) => (person: string) => [
      ...some.map((name) => field(name)(person)),
      ...sent,
    ];
    expect(source(lines(names))).toBe('{ header: X-Original-To, position: 1 }');
    expect(source(lines(names.slice(0, 2)))).toBe('{ header: Delivered-To, position: 1 }');
    expect(source(lines(names.slice(0, 1)))).toBe('{ header: X-Whose, position: 1 }');
  });

  it('takes the last where it stands at the end in some, and is not misled by those without it', () => {
    const noted = (person: string) => `Envelope-To: ${person}@corp.example`;
    const mostly = (person: string) =>
      person === 'pat' ? [noted(person), ...sent] : ['X: y', ...sent, noted(person)];
    expect(source(mostly)).toBe('{ header: Envelope-To, position: -1 }');
    const onTop = (person: string) => (person === 'pat' ? sent : [noted(person), ...sent]);
    expect(source(onTop)).toBe('{ header: Envelope-To, position: 1 }');
  });

  it.each([
    ['mx.provider.example.', '{ received: mx.provider.example }'],
    ['MX.Provider.example', '{ received: mx.provider.example }'],
    ['mx_1.provider.x1', '{ received: mx_1.provider.x1 }'],
    ['provider.d', '{ received: provider.d }'],
    ['192.0.2.1', null],
    ['localhost', null],
    ['mx.provider.example:25', null],
    ['!mx.provider.example', null],
    ['mx.provider.1x', '{ received: mx.provider.1x }'],
  ])('takes Received by %s as %s', (host, found) => {
    const line = (person: string) => `Received: from x by ${host} for <${person}@corp.example>; d`;
    expect(source((person) => [line(person), ...sent])).toBe(found);
  });

  it('takes the end that host names share, also where one has more labels', () => {
    const line = (person: string, host: string) =>
      `Received: from x by ${host} for <${person}@corp.example>; d`;
    const short = (person: string) => [line(person, `${person}.provider.example`), ...sent];
    expect(source(short)).toBe('{ received: provider.example }');
    const deeper = (person: string) => [
      line(person, person === 'chris' ? 'a.mx.provider.example' : 'mx.provider.example'),
      ...sent,
    ];
    expect(source(deeper)).toBe('{ received: mx.provider.example }');
    expect(source(deeper, ['kelly', 'chris'])).toBe('{ received: mx.provider.example }');
  });

  it('takes one and the same person for a person where To and Cc agree', () => {
    const lines = ['Delivered-To: chris@corp.example', 'From: a@b', 'Cc: Chris@corp.example'];
    expect(source(() => lines)).toBe('{ header: Delivered-To, position: 1 }');
  });

  it('says the same by what is kept of the headers', () => {
    const messages = PEOPLE.map((person) => [
      `X-Original-To: ${person}@corp.example`,
      `Received: from x by mx.provider.example for <${person}@corp.example>; d`,
      `Subject: ${'x'.repeat(1000)}`,
      ...sent,
      `Envelope-To: ${person}@corp.example`,
    ]);
    const headers = messages.map((lines) => Buffer.from(`${lines.join('\r\n')}\r\n\r\n`));
    const extracts = headers.map((header) =>
      headerExtract(header, recipientLikeFields(header, acceptance.domains).fields),
    );
    expect(suggestSource(extracts, acceptance)).toEqual(suggestSource(headers, acceptance));
  });

  it('never suggests what the sender writes, nor what fits in less than half', () => {
    const person = 'chris@corp.example';
    const forged = [
      ...[
        'To',
        'Cc',
        'Reply-To',
        'X-Forwarded-To',
        'Resent-To',
        'Resent-Cc',
        'References',
        'List-Id',
      ],
    ];
    expect(source(() => forged.map((name) => `${name}: ${person}`))).toBeNull();
    expect(source((one) => (one === 'pat' ? [`X-Original-To: ${person}`] : sent))).toBeNull();
  });
});
