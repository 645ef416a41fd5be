import { readFileSync } from 'node:fs';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

import { editYaml, withSetting } from '../../shared/settings/yaml-edit.ts';

const FILE = `# our connector
domains: [corp.example]   # mine


delivery:
    smtp: {host: mail, port: 25}  # flow
mailboxes:
    # the boss
    chris:   # a person
        type: user
        password: { secret: chris }
        deliverTo:
        - chris@corp.example
        - "boss@corp.example"   # also
        # end of the boss

    b: {type: user, host: h}  # short
logLevel: info # for now
`;

describe('editing YAML', () => {
  it.each<[string, (string | number)[], unknown, string, string]>([
    [
      'replaces a text and keeps the comment behind it',
      ['logLevel'],
      'debug',
      'logLevel: info # for now',
      'logLevel: debug # for now',
    ],
    [
      'replaces a flow list',
      ['domains'],
      ['a.example', 'b.example'],
      '[corp.example]',
      '[a.example, b.example]',
    ],
    [
      'replaces a block list by one on the line',
      ['mailboxes', 'chris', 'deliverTo'],
      ['kelly@corp.example'],
      `deliverTo:
        - chris@corp.example
        - "boss@corp.example"   # also`,
      'deliverTo: [kelly@corp.example]   # also',
    ],
    [
      'adds a setting behind the last one of its block',
      ['mailboxes', 'chris', 'keep'],
      'forever',
      '- "boss@corp.example"   # also\n',
      '- "boss@corp.example"   # also\n        keep: forever\n',
    ],
    [
      'adds a setting within braces',
      ['mailboxes', 'b', 'port'],
      110,
      '{type: user, host: h}',
      '{type: user, host: h, port: 110}',
    ],
    [
      'adds a mailbox, a line for each of its settings',
      ['mailboxes', 'new'],
      { type: 'global', username: '0123', password: { secret: 'new' }, recipientSource: ['to'] },
      '# short\n',
      `# short
    new:
        type: global
        username: '0123'
        password: { secret: new }
        recipientSource: [to]
`,
    ],
    [
      'adds a general setting at the end',
      ['limits', 'runSeconds'],
      60,
      '# for now\n',
      '# for now\nlimits:\n    runSeconds: 60\n',
    ],
    [
      'removes a mailbox and leaves its neighbours’ comments',
      ['mailboxes', 'b'],
      undefined,
      '    b: {type: user, host: h}  # short\n',
      '',
    ],
    ['removes within braces', ['delivery', 'smtp', 'host'], undefined, 'host: mail, ', ''],
    ['removes the last within braces', ['delivery', 'smtp', 'port'], undefined, ', port: 25', ''],
  ])('%s', (_what, place, value, before, after) => {
    expect(editYaml(FILE, [{ place, value }])).toBe(FILE.replace(before, after));
  });

  it('removes the last mailbox', () => {
    const place = ['mailboxes', 'chris'];
    const edited = editYaml(
      'mailboxes:\n  # the boss\n  chris:\n    type: user\nlogLevel: info\n',
      [{ place, value: undefined }],
    );
    expect(edited).toBe('mailboxes:\n  # the boss\nlogLevel: info\n');
  });

  it('removes a block with all that is in it', () => {
    const edited = editYaml(FILE, [{ place: ['mailboxes', 'chris'], value: undefined }]);
    expect(parse(edited)).toEqual(
      withSetting(parse(FILE), { place: ['mailboxes', 'chris'], value: undefined }),
    );
    expect(edited).toContain('    # the boss\n');
    expect(edited).toContain('logLevel: info # for now\n');
  });

  it.each([
    ['an empty file', ''],
    ['a file of comments', '# nothing yet\n'],
    ['no mailboxes', 'logLevel: info\n'],
    ['mailboxes with nothing below', 'mailboxes: # none yet\nlogLevel: info\n'],
    ['mailboxes in empty braces', 'mailboxes: {} # none yet\nlogLevel: info\n'],
    ['no line end at the end', 'logLevel: info'],
    ['everything on one line', '{ logLevel: info, mailboxes: { a: { type: user } } }\n'],
    ['an anchor and its alias', 'a: &x { type: user }\nmailboxes: { b: *x }\n'],
    ['JSON', '{"logLevel": "info"}'],
  ])('adds a first mailbox to %s', (_what, text) => {
    const change = {
      place: ['mailboxes', 'chris'],
      value: { type: 'user', ignore: ['a@b.example'] },
    };
    const edited = editYaml(text, [change]);
    expect(parse(edited)).toEqual(withSetting(parse(text) ?? {}, change));
    for (const comment of text.match(/#.*/g) ?? []) expect(edited).toContain(comment);
  });

  it('keeps the line ends of the file', () => {
    const text = FILE.replaceAll('\n', '\r\n');
    const edited = editYaml(text, [
      { place: ['mailboxes', 'new', 'type'], value: 'user' },
      { place: ['mailboxes', 'b'], value: undefined },
    ]);
    expect(edited).not.toMatch(/[^\r]\n/);
    expect(parse(edited)).toMatchObject({ mailboxes: { new: { type: 'user' }, chris: {} } });
  });

  it('reads back whatever it wrote, and the example file changes in nothing else', () => {
    const example = readFileSync('mailferry.example.yaml', 'utf8');
    const text = fc.oneof(
      fc.string(),
      fc.constantFrom('0123', 'true', 'null', '~', "it's", '- a', 'a: b', '# x', '*/5', '', 'yes'),
    );
    fc.assert(
      fc.property(text, fc.array(text, { minLength: 1 }), (one, list) => {
        const value = { username: one, ignore: list, oauth: { scope: one } };
        const change = { place: ['mailboxes', 'new'], value };
        const edited = editYaml(example, [change]);
        expect(parse(edited)).toEqual(withSetting(parse(example), change));
        expect(editYaml(edited, [{ ...change, value: undefined }])).toBe(example);
      }),
    );
  });

  it('quotes secrets always, so that they stay what they are', () => {
    const file = "# passwords\nsmtp: 'one'\n";
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (secret) => {
        const edited = editYaml(file, [{ place: ['chris'], value: secret }], 'failsafe');
        expect(edited.startsWith(file)).toBe(true);
        expect(parse(edited, { schema: 'failsafe' })).toEqual({ smtp: 'one', chris: secret });
      }),
    );
    expect(editYaml(file, [{ place: ['smtp'], value: "it's 0123" }], 'failsafe')).toBe(
      "# passwords\nsmtp: 'it''s 0123'\n",
    );
  });

  it('does not touch what is no YAML, and quotes nothing of it', () => {
    const edit = () => editYaml('password: "hush\n', [{ place: ['a'], value: 1 }]);
    expect(edit).toThrow(expect.objectContaining({ kind: 'settings' }) as Error);
    expect(edit).not.toThrow(/hush/);
  });

  it('removing what is not there changes nothing', () => {
    expect(editYaml(FILE, [{ place: ['mailboxes', 'x', 'port'], value: undefined }])).toBe(FILE);
    expect(editYaml(FILE, [{ place: ['limits'], value: undefined }])).toBe(FILE);
  });
});
