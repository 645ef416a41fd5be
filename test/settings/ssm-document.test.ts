import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { parseSettings } from '../../shared/settings/schema.ts';
import { documentToParameters, parametersToDocument } from '../../shared/settings/ssm-document.ts';
import { joinParts, splitValue } from '../../shared/settings/ssm-parts.ts';
import { routingDocument } from './routing-document.ts';
import { sampleDocument } from './sample-document.ts';

const NONE: ReadonlyMap<string, string> = new Map();

describe('a value of several parameters', () => {
  it('is cut within 4,096 octets and never within a character, and joins to itself', () => {
    const texts = fc.tuple(
      fc.string({ unit: 'binary', minLength: 1 }),
      fc.integer({ min: 1, max: 9000 }),
    );
    fc.assert(
      fc.property(texts, ([text, times]) => {
        // A lone surrogate is no text in UTF-8.
        const value = text.toWellFormed().repeat(times).slice(0, 20_000).toWellFormed();
        const parts = splitValue(value);
        expect(parts.every((part) => Buffer.byteLength(part) <= 4096)).toBe(true);
        const named = parts.map((part, at) => ({
          name: at === 0 ? 'settings/x' : `settings/x/${at + 1}`,
          value: part,
        }));
        expect(joinParts(named.toReversed()).get('settings/x')).toBe(value);
      }),
    );
  });

  it.each(['settings/x/0', 'settings/x/1', 'settings/x/02', 'settings/x/y', 'stack', 'other/x'])(
    'is not continued by %s',
    (name) => {
      const parameters = [
        { name: 'settings/x', value: '1' },
        { name, value: '2' },
      ];
      expect([...joinParts(parameters)]).toEqual([['settings/x', '1']]);
    },
  );
});

describe('a configuration document', () => {
  const namesOf = (document: unknown) =>
    documentToParameters(document, NONE).map(({ name }) => name);

  it('becomes parameters and is the same again', () => {
    const document = {
      ...sampleDocument(),
      aliases: { 'a@corp.example': ['b@corp.example'] },
      recipients: ['b@corp.example'],
    };
    const tree = parametersToDocument(documentToParameters(document, NONE), '/mailferry/test');
    expect(tree.document).toEqual(document);
    expect(tree.generalProblems).toEqual([]);
  });

  it('says who gets a message as the file does, whatever way it is written', () => {
    const document = routingDocument();
    const parameters = documentToParameters(document, NONE);
    expect(parameters.some(({ value }) => value.includes('{{'))).toBe(false);
    const tree = parametersToDocument(parameters, '/mailferry/test');
    const { general, mailboxes, problems } = parseSettings(tree.document, {});
    expect(problems).toEqual([]);
    const ofTheFile = parseSettings(document, {});
    expect(ofTheFile.general).not.toBeNull();
    expect({ general, mailboxes }).toEqual({
      general: ofTheFile.general,
      mailboxes: ofTheFile.mailboxes,
    });
  });

  it('names plain secrets after their place, and never by a name that is taken', () => {
    const document = {
      mailboxes: {
        sales: {
          password: 'one',
          oauth: { clientSecret: 'two', refreshToken: { secret: 'three' } },
        },
        other: { password: { secret: 'mailbox-sales' } },
        ['x'.repeat(63)]: { password: 'four' },
      },
    };
    const secrets = documentToParameters(document, new Map([['three', '3']])).filter(
      ({ secret }) => secret,
    );
    expect(secrets.map(({ name, value }) => [name, value])).toEqual([
      ['secrets/mailbox-sales-2', 'one'],
      ['secrets/mailbox-sales-oauth-clientSecret', 'two'],
      ['secrets/three', '3'],
      [expect.stringMatching(/^secrets\/secret-[0-9a-f]{16}$/), 'four'],
    ]);
    expect(
      JSON.stringify(documentToParameters(document, NONE).filter(({ secret }) => !secret)),
    ).not.toMatch(/one|two|four/);
  });

  it.each([[12345], [['a']], [{ hunter2: null }], [true]])(
    'is refused with a password like %j, which would lie there unencrypted',
    (password) => {
      const document = { mailboxes: { sales: { password } } };
      expect(() => namesOf(document)).toThrow(/^mailboxes\.sales\.password: expected/);
      expect(() => namesOf(document)).not.toThrow(/12345|hunter2/);
    },
  );

  it.each([
    [null, /^the configuration: /],
    [{ mailboxes: [] }, /^mailboxes: /],
    [{ mailboxes: { 'a/b': {} } }, /^mailboxes\.a\/b: /],
  ])('is refused when it is %j', (document, message) => {
    expect(() => namesOf(document)).toThrow(message);
  });

  it('says what of the tree it does not know, and what stands in the wrong place', () => {
    const parameters = [
      { name: 'settings/general', value: '{"domains":[],"mailboxes":{}}' },
      { name: 'settings/alias', value: '{}' },
      { name: 'settings/recipients', value: '[' },
    ];
    const { generalProblems, readable } = parametersToDocument(parameters, '/mailferry/test');
    expect(generalProblems.map(({ path }) => path)).toEqual([
      'settings.alias',
      'settings.mailboxes',
      'settings.recipients',
    ]);
    expect(readable).toBe(true);
  });
});
