import { readdirSync } from 'node:fs';

import { afterEach, describe, expect, it } from 'vitest';

import { ALONE } from '../../../functions/fetch/retrieval.ts';
import { retrieveInOrder } from '../../../functions/fetch/retrieve-in-order.ts';
import { BrokeOffAt } from '../../../functions/fetch/broke-off.ts';
import type { RetrievalOptions } from '../../../functions/fetch/retrieval-line.ts';
import type { Retrieved } from '../../../functions/fetch/retrieved-stretch.ts';
import { MailRefused } from '../../../shared/pop3/maildrop.ts';
import type { Spool } from '../../../shared/store/spool.ts';
import { createSpool } from '../../../shared/store/spool-writer.ts';
import { openMaildrop, PASSWORD, USER } from '../../support/open-maildrop.ts';
import { Pop3RuleBook } from '../../support/pop3-rule.ts';
import type { Pop3Rule } from '../../support/pop3-rule.ts';
import { scriptOf } from '../../support/pop3-script.ts';
import { makeScratchFolder } from '../../support/scratch-folder.ts';
import { startPop3Server } from '../../support/scripted-pop3-server.ts';
import type { ScriptedPop3Server } from '../../support/scripted-pop3-server.ts';

const NOTE = Buffer.from('Subject: x\r\n\r\nshort\r\n');
/** A line with one dot alone, which a server has to stuff. */
const DOTTED = Buffer.from('Subject: y\r\n\r\nbefore\r\n.\r\nbehind\r\n');
const scratch = makeScratchFolder('retrieval');
let server: ScriptedPop3Server | null = null;

afterEach(async () => {
  await server?.close();
  server = null;
});

interface Outcome {
  readonly given: readonly (string | MailRefused)[];
  /** What the line ended with; null at its proper end. */
  readonly error: unknown;
  /** The message that is named as the one it broke off at. */
  readonly brokeOffAt: number | null;
  readonly commands: readonly string[];
}

async function retrieveAll(
  mails: readonly Buffer[],
  rules: readonly Pop3Rule[],
  options: Partial<RetrievalOptions> = {},
): Promise<Outcome> {
  server = await startPop3Server({
    users: { [USER]: { password: PASSWORD, mails } },
    script: { ...scriptOf({}), rules: new Pop3RuleBook(rules) },
  });
  const maildrop = await openMaildrop(server.port, { stallMs: 300 });
  const listing = await maildrop.listing();
  const before = server.commands.length;
  const given: (string | MailRefused)[] = [];
  const line = retrieveInOrder(maildrop, listing.mails, {
    newSpool: () => createSpool(scratch.path),
    window: { messages: 64, octets: 1_000_000 },
    mayBegin: () => true,
    messageBytes: null,
    ...options,
  });
  const thrown = await readAll(line, given);
  maildrop.abandon();
  const commands = server.commands.slice(before);
  return thrown instanceof BrokeOffAt
    ? { given, error: thrown.failure, brokeOffAt: thrown.mail.number, commands }
    : { given, error: thrown, brokeOffAt: null, commands };
}

async function readAll(
  line: AsyncGenerator<Retrieved>,
  given: (string | MailRefused)[],
): Promise<unknown> {
  try {
    for await (const { result } of line) {
      if (result instanceof MailRefused) given.push(result);
      else {
        given.push(Buffer.concat(result.chunks ?? []).toString());
        await result.discard();
      }
    }
    return null;
  } catch (error) {
    return error;
  }
}

const notStuffed: Pop3Rule['lines'] = (lines) => lines.map((line) => line.replace(/^\.\./, '.'));

describe('retrieval in order', () => {
  it('asks behind the last message whether the answers are in step', async () => {
    const { given, error, commands } = await retrieveAll([NOTE, NOTE], []);
    expect(error).toBeNull();
    expect(given).toEqual([NOTE.toString(), NOTE.toString()]);
    expect(commands).toEqual(['RETR 1', 'RETR 2', 'STAT']);
  });

  it('asks nothing where there is nothing to retrieve', async () => {
    const { given, error, commands } = await retrieveAll([], []);
    expect({ given, error, commands }).toEqual({ given: [], error: null, commands: [] });
  });

  it.each([
    ['in the midst', [NOTE, DOTTED, NOTE, NOTE]],
    ['at the end', [NOTE, DOTTED]],
  ])('takes no message for whole whose end was none: %s', async (_, mails) => {
    const rules = [{ on: 'RETR 2', lines: notStuffed }];
    const { given, error, brokeOffAt } = await retrieveAll(mails, rules);
    // Not the one before it either: it may have been the answer to something else. So nobody knows which it was.
    expect(given).toEqual([]);
    expect(brokeOffAt).toBeNull();
    expect(error).toMatchObject({ kind: 'protocol', permanence: 'temporary' });
  });

  it('finds the one whose end was none when it goes one by one', async () => {
    const { given, error, brokeOffAt } = await retrieveAll(
      [NOTE, DOTTED, NOTE],
      [{ on: 'RETR 2', lines: notStuffed }],
      { window: ALONE },
    );
    expect(given).toEqual([NOTE.toString()]);
    expect(brokeOffAt).toBe(2);
    expect(error).toMatchObject({ kind: 'protocol' });
  });

  it('asks so behind every few messages, and gives those that are confirmed', async () => {
    const mails = Array.from({ length: 40 }, () => NOTE);
    const { given, error, commands } = await retrieveAll(mails, [
      { on: 'RETR 36', before: '-ERR what was that\r\n' },
    ]);
    expect(error).toMatchObject({ kind: 'protocol' });
    expect(given.filter((one) => typeof one === 'string')).toHaveLength(32);
    expect(commands.filter((line) => line === 'STAT')).toHaveLength(3);
    expect(commands.indexOf('STAT')).toBe(16);
  });

  it('puts no second status line into a message', async () => {
    const { given, error } = await retrieveAll(
      [NOTE, NOTE],
      [{ on: 'RETR 1', before: '+OK once more\r\n' }],
    );
    expect(error).toBeNull();
    expect(given).toEqual([expect.any(MailRefused), NOTE.toString()]);
  });

  it('gives what came before a hang-up, and names the message that was due', async () => {
    const { given, error, brokeOffAt } = await retrieveAll(
      [NOTE, NOTE, NOTE],
      [{ on: 'RETR 3', cut: 4, then: 'close' }],
    );
    expect(given).toEqual([NOTE.toString(), NOTE.toString()]);
    expect(error).toMatchObject({ kind: 'connect' });
    expect(brokeOffAt).toBe(3);
  });

  it('gives nothing behind a refusal that may have been a line too many, when the server hangs up', async () => {
    const { given, error } = await retrieveAll(
      [NOTE, DOTTED, NOTE, NOTE],
      [
        { on: 'RETR 2', before: '-ERR what was that\r\n' },
        { on: 'RETR 4', instead: '', then: 'close' },
      ],
    );
    expect(given).toEqual([NOTE.toString()]);
    expect(error).toMatchObject({ kind: 'connect' });
  });

  it('takes a refusal of STAT for no sign, where it may be the refusal of a message', async () => {
    const refused = { on: 'STAT', instead: '-ERR unknown command\r\n' };
    const sound = await retrieveAll([NOTE, NOTE], [refused]);
    expect(sound).toMatchObject({ given: [NOTE.toString(), NOTE.toString()], error: null });
    await server?.close();
    // Message 1 would go under the number of message 2, and its refusal pass for one of STAT.
    const shifted = await retrieveAll(
      [NOTE, DOTTED],
      [
        { on: 'RETR 1', before: '-ERR what was that\r\n' },
        { on: 'RETR 2', instead: '-ERR [SYS/TEMP] not now\r\n' },
      ],
    );
    expect(shifted).toMatchObject({ given: [], error: { kind: 'protocol' } });
  });

  it('asks behind a refused message, and another may be begun then', async () => {
    let room = 1;
    server = await startPop3Server({
      users: { [USER]: { password: PASSWORD, mails: [NOTE, NOTE, NOTE] } },
    });
    server.setScript({
      ...scriptOf({}),
      rules: new Pop3RuleBook([{ on: 'RETR 1', instead: '-ERR [SYS/PERM] gone\r\n' }]),
    });
    const maildrop = await openMaildrop(server.port);
    const { mails } = await maildrop.listing();
    const line = retrieveInOrder(maildrop, mails, {
      newSpool: () => createSpool(scratch.path),
      window: { messages: 64, octets: 1_000_000 },
      mayBegin: () => (room -= 1) >= 0,
      messageBytes: null,
    });
    expect(await line.next()).toMatchObject({ value: { result: { responseCode: 'SYS/PERM' } } });
    room = 1;
    expect(await line.next()).toMatchObject({ value: { mail: { number: 2 } } });
    await line.return(undefined);
    maildrop.abandon();
  });

  it('ends a session whose answer grows without an end', async () => {
    const { given, error } = await retrieveAll(
      [NOTE, NOTE],
      [{ on: 'RETR 2', cut: 20, endless: 'more and more\r\n' }],
      { messageBytes: 100_000 },
    );
    expect(given).toEqual([NOTE.toString()]);
    expect(error).toMatchObject({ kind: 'protocol' });
    expect(String(error)).toContain(
      `message 2: expected ${NOTE.length} octets as listed, got more`,
    );
  });

  it('holds the line when LIST lied and the caller is slow: memory is bounded by what comes', async () => {
    const large = Buffer.from(`Subject: z\r\n\r\n${'0123456789abcd\r\n'.repeat(4000)}`);
    const mails = Array.from({ length: 40 }, () => large);
    server = await startPop3Server({ users: { [USER]: { password: PASSWORD, mails } } });
    server.setFaults({ listSize: () => 1 });
    const maildrop = await openMaildrop(server.port);
    const { mails: listed } = await maildrop.listing();
    let held = 0;
    const counted = (): Spool => {
      const spool = createSpool(scratch.path);
      return {
        write: (chunk) => {
          held += chunk.length;
          return spool.write(chunk);
        },
        end: async (inFile) => {
          const message = await spool.end(inFile);
          if (message.file !== null) held -= message.size;
          return message;
        },
        abort: () => spool.abort(),
      };
    };
    const window = { messages: 64, octets: 2 * large.length };
    let most = 0;
    const line = retrieveInOrder(maildrop, listed, {
      newSpool: counted,
      window,
      mayBegin: () => true,
      messageBytes: null,
    });
    for await (const { result } of line) {
      // Time for all that is let through.
      await new Promise((resolve) => setTimeout(resolve, 5));
      most = Math.max(most, held);
      if (result instanceof MailRefused) throw result;
      if (result.file === null) held -= result.size;
      await result.discard();
    }
    expect(held).toBe(0);
    expect(most).toBeGreaterThan(window.octets);
    // One chunk off the wire more, and the one that is given.
    expect(most).toBeLessThan(2 * window.octets + 256 * 1024 + 2 * large.length);
    await maildrop.quit();
  });

  it('throws away what is spooled when the caller stops', async () => {
    server = await startPop3Server({
      users: { [USER]: { password: PASSWORD, mails: [NOTE, NOTE, NOTE] } },
    });
    const maildrop = await openMaildrop(server.port);
    const { mails } = await maildrop.listing();
    const line = retrieveInOrder(maildrop, mails, {
      // In files from the first octet on, which are seen.
      newSpool: () => createSpool(scratch.path, 0),
      window: { messages: 64, octets: 1_000_000 },
      mayBegin: () => true,
      messageBytes: null,
    });
    const first = await line.next();
    if (first.done === true || first.value.result instanceof MailRefused) {
      throw new Error('expected a message');
    }
    await maildrop.confirm();
    expect(readdirSync(scratch.path)).toHaveLength(3);
    await first.value.result.discard();
    await line.return(undefined);
    await expect.poll(() => readdirSync(scratch.path)).toEqual([]);
    maildrop.abandon();
  });
});
