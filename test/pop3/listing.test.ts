import { afterEach, describe, expect, it } from 'vitest';

import type { Listing } from '../../shared/pop3/maildrop.ts';
import { openMaildrop, rejection } from '../support/open-maildrop.ts';
import type { ScriptedDialogue } from '../support/scripted-dialogue.ts';
import { startScriptedDialogue } from '../support/scripted-dialogue.ts';

const servers: ScriptedDialogue[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

/** The listing of a server that answers LIST and UIDL so. */
async function listing(list: string, uidl: string): Promise<Listing> {
  const server = await startScriptedDialogue([
    { send: '+OK\r\n' },
    { expect: 'CAPA' },
    { send: '+OK\r\nPIPELINING\r\n.\r\n' },
    { expect: 'USER' },
    { send: '+OK\r\n' },
    { expect: 'PASS' },
    { send: '+OK\r\n' },
    { expect: 'LIST' },
    { expect: 'UIDL' },
    { send: Buffer.from(list + uidl, 'latin1') },
  ]);
  servers.push(server);
  return (await openMaildrop(server.port)).listing();
}

function answer(...lines: string[]): string {
  return `+OK\r\n${lines.map((line) => `${line}\r\n`).join('')}.\r\n`;
}

describe('a listing', () => {
  it('is empty for an empty maildrop', async () => {
    expect(await listing(answer(), answer())).toEqual({ mails: [], hasUidl: true, unreadable: 0 });
  });

  it('takes sizes with text behind, blanks before, and lines that end in LF', async () => {
    const result = await listing('+OK\r\n 1 120 octets\n2\t7\n.\n', answer('1 a', '2   b'));
    expect(result).toEqual({
      mails: [
        { number: 1, size: 120, uidl: 'a' },
        { number: 2, size: 7, uidl: 'b' },
      ],
      hasUidl: true,
      unreadable: 0,
    });
  });

  it('keeps an id of any length and octets as it is', async () => {
    const long = 'x'.repeat(5000);
    const odd = 'a b\t\xe9\0 ';
    const result = await listing(answer('1 1', '2 1'), answer(`1 ${long}`, `2 ${odd}`));
    expect(result.mails.map(({ uidl }) => uidl)).toEqual([long, odd]);
  });

  it('leaves out what LIST does not say, and goes on without an id', async () => {
    const result = await listing(
      answer('1 10', 'two 20', '0 5', '3 thirty', '4 40', '5 50'),
      answer('1 a', '2 b', '3 c', 'garbage', '4 ', '5 e'),
    );
    expect(result.mails).toEqual([
      { number: 1, size: 10, uidl: 'a' },
      { number: 4, size: 40, uidl: null },
      { number: 5, size: 50, uidl: 'e' },
    ]);
    // LIST: two, 0 and 3; UIDL: garbage and 4.
    expect(result.unreadable).toBe(5);
  });

  it('counts mails that UIDL or LIST leaves out', async () => {
    const result = await listing(answer('1 10', '2 20'), answer('1 a', '3 c'));
    expect(result.mails).toEqual([
      { number: 1, size: 10, uidl: 'a' },
      { number: 2, size: 20, uidl: null },
    ]);
    expect(result.unreadable).toBe(2);
  });

  it('trusts no id of a number that has two', async () => {
    const result = await listing(
      answer('1 10', '1 11', '2 20', '3 30'),
      answer('1 a', '2 b', '2 c', '2 b', '3 d', '3 d'),
    );
    expect(result.mails).toEqual([
      { number: 1, size: 10, uidl: 'a' },
      { number: 2, size: 20, uidl: null },
      { number: 3, size: 30, uidl: 'd' },
    ]);
    expect(result.unreadable).toBeGreaterThan(0);
  });

  it('drops a line without end for its message alone', async () => {
    const result = await listing(answer('1 1', '2 2'), answer(`1 ${'x'.repeat(100_000)}`, '2 b'));
    expect(result.mails).toEqual([
      { number: 1, size: 1, uidl: null },
      { number: 2, size: 2, uidl: 'b' },
    ]);
    expect(result.unreadable).toBe(1);
  });

  it('has no ids where the server has no UIDL', async () => {
    const result = await listing(answer('1 1'), '-ERR what?\r\n');
    expect(result).toEqual({
      mails: [{ number: 1, size: 1, uidl: null }],
      hasUidl: false,
      unreadable: 0,
    });
  });

  it('is refused, not without ids, when UIDL fails for now', async () => {
    const error = await rejection(listing(answer('1 1'), '-ERR [SYS/TEMP] index locked\r\n'));
    expect(error).toMatchObject({ kind: 'protocol', permanence: 'temporary' });
  });

  it('is refused when LIST is', async () => {
    const error = await rejection(listing('-ERR not now\r\n', answer('1 a')));
    expect(error).toMatchObject({ kind: 'protocol', permanence: 'temporary' });
    expect(String(error)).toContain('not now');
  });
});
