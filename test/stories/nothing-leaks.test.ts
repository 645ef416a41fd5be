import { afterEach, describe, expect, test } from 'vitest';

import { formatKey } from '../../shared/mail/message-key.ts';
import { filesBesideMail } from '../support/data-folder-files.ts';
import { leaksIn, plantedPassword } from '../support/planted-secrets.ts';
import type { Planted } from '../support/planted-secrets.ts';
import { makeScene, mailboxFor, PASSWORD } from '../support/provider-and-server.ts';
import type { Configuration, Scene } from '../support/provider-and-server.ts';
import { startPop3Server } from '../support/scripted-pop3-server.ts';
import { keyOf } from '../support/spooled-message.ts';

const SUBJECT = 'subject-of-nobody-else-5e1f';
const BODY = 'A body that nobody else shall read 77c3.';
const WRONG = 'wrong-hush-3d7a';

function message(to: string, header: readonly string[] = []): Buffer {
  const id = `${to.replaceAll(/\W/g, '')}${header.length}@nwtraders.example`;
  return Buffer.from(
    [
      ...header,
      'From: ann@nwtraders.example',
      `To: ${to}`,
      `Subject: ${SUBJECT}`,
      `Message-ID: <${id}>`,
      '',
      BODY,
      '',
    ].join('\r\n'),
  );
}

/**
 * A story in which everything goes wrong that makes the program talk, at the level `debug`: nothing that it printed or
 * keeps beside the mail itself has a password, a Subject or a body (I8). What this does not prove: the same for the
 * functions on AWS, which have the same use cases and another log (test/infra/aws/function-log.test.ts).
 */
describe('nothing leaks', () => {
  const closing: (() => Promise<void>)[] = [];

  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  test('into logs, answers, errors, reports or the ledger', async () => {
    const echoing = await startPop3Server({
      users: { kelly: { password: PASSWORD, mails: [] } },
      faults: { refuseLogin: '[AUTH] no:', echoPassword: true },
    });
    closing.push(() => echoing.close());
    const scene = await makeScene({
      mails: {
        chris: [message('chris@corp.example')],
        everyone: [
          message('gone@corp.example'),
          message('busy@corp.example'),
          message('nobody@other.example'),
          message('loop@corp.example', Array(101).fill('Received: from a by b; now') as string[]),
        ],
      },
      smtp: {
        auth: { username: 'connector', password: PASSWORD },
        replies: (stage, { address }) => {
          if (stage !== 'rcpt') return undefined;
          if (address === 'gone@corp.example') return '550 5.1.1 no such user';
          return address === 'busy@corp.example' ? '451 4.2.1 busy' : undefined;
        },
      },
      configuration: (usual) => withTrouble(usual, echoing.port),
    });
    closing.push(() => scene.close());

    const printed = await tellEverything(scene);
    const places = new Map<string, string | Buffer>([...printed, ...filesBesideMail(scene.data)]);
    const planted: Planted[] = [
      ...plantedPassword('the password of chris', 'chris', PASSWORD),
      ...plantedPassword('the password of everyone', 'everyone', PASSWORD),
      ...plantedPassword('the password of the mail server', 'connector', PASSWORD),
      ...plantedPassword('the wrong password', 'kelly', WRONG),
      { name: 'the Subject', text: SUBJECT },
      { name: 'the body', text: BODY },
    ];
    expect(leaksIn(places, planted)).toEqual([]);
    // The story was one: each of these was talked of.
    const all = [...printed.values()].join('\n');
    for (const word of ['550', '451', 'held', 'suspended', '[AUTH] no', 'admin@corp.example']) {
      expect(all).toContain(word);
    }
    expect([...places.keys()].filter((name) => name.endsWith('.json'))).not.toEqual([]);
    // And a plant is found where there is one.
    const mail = new Map([['the mail', message('gone@corp.example')]]);
    expect(leaksIn(mail, planted)).toEqual(['the Subject in the mail', 'the body in the mail']);
  }, 120_000);

  /**
   * Runs, asks, and fails at everything that a user can ask for, but for `failed show` and `explain --last`, whose very
   * purpose is to show a message's header to whoever may read it.
   */
  async function tellEverything(scene: Scene): Promise<Map<string, string>> {
    const key = formatKey(keyOf('everyone', message('gone@corp.example')));
    const printed = new Map<string, string>();
    const run = ['run', '--once', '--json'];
    const commands = [
      // Three refusals suspend a mailbox, and people are told.
      ...[['run', '--once'], run, run],
      ['status'],
      ['status', '--json'],
      ['explain', '--key', key],
      ['trace', 'gone@corp.example'],
      ['failed', 'list', '--json'],
      ['doctor', 'chris', 'kelly'],
    ];
    for (const words of commands) {
      const { stdout, stderr } = await scene.command(words);
      const name = `what mailferry ${words.join(' ')} printed`;
      printed.set(name, `${printed.get(name) ?? ''}${stdout}${stderr}`);
    }
    return printed;
  }
});

function withTrouble(usual: Configuration, port: number): unknown {
  const smtp = {
    ...(usual.delivery['smtp'] as object),
    username: 'connector',
    password: { secret: 'provider' },
  };
  const kelly = { ...mailboxFor('kelly', port), password: WRONG };
  return {
    ...usual,
    delivery: { ...usual.delivery, smtp },
    mailboxes: { ...usual.mailboxes, kelly },
    logLevel: 'debug',
  };
}
