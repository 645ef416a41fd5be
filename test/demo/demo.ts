import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';

import Table from 'cli-table3';
import { simpleParser } from 'mailparser';

import type { MessageItem, RecipientState } from '../../shared/ledger/message-item.ts';
import { runMailferry } from '../support/mailferry-command.ts';
import { noticesAmong, withoutNotices } from '../support/own-notices.ts';
import { startPop3Server } from '../support/scripted-pop3-server.ts';
import { startSmtpServer } from '../support/scripted-smtp-server.ts';
import type { ScriptedSmtpServer } from '../support/scripted-smtp-server.ts';
import type { ReceivedMail } from '../support/smtp-script.ts';
import { readLedgerItem } from './read-ledger-item.ts';
import { REFUSED, sampleMail } from './sample-mail.ts';
import type { Sample } from './sample-mail.ts';
import { faultsOf } from './verdict.ts';

const FOLDER = resolve('.mailferry-demo');

/**
 * The main job on sample mail: a sample POP3 provider and a sample mail server on loopback, the connector between
 * them on its embedded store, and what arrived where. Status 0 only if every message ended where it has to.
 */
async function demo(): Promise<number> {
  await rm(FOLDER, { recursive: true, force: true });
  await mkdir(FOLDER, { recursive: true });
  const samples = sampleMail();
  const mailsOf = (mailbox: string) =>
    samples.filter((sample) => sample.mailbox === mailbox).map((sample) => sample.octets);
  const provider = await startPop3Server({
    users: {
      chris: { password: 'demo', mails: mailsOf('chris') },
      everyone: { password: 'demo', mails: mailsOf('everyone') },
    },
  });
  const mailServer = await startSmtpServer({
    replies: (stage, { address }) =>
      stage === 'rcpt' && address === REFUSED ? '550 5.1.1 no such user here' : undefined,
  });
  try {
    console.log(
      'A sample provider and a sample mail server listen on loopback; the connector carries once.\n',
    );
    const config = join(FOLDER, 'mailferry.yaml');
    await writeFile(config, configuration(provider.port, mailServer.port));
    const data = join(FOLDER, 'data');
    const run = await runMailferry(['run', '--once', '--json', '--config', config, '--data', data]);
    if (run.status === 2) {
      console.error(run.stderr);
      return 1;
    }
    const left = [...provider.mails('chris'), ...provider.mails('everyone')].length;
    return await report(samples, data, mailServer, run.stdout, left);
  } finally {
    await provider.close();
    await mailServer.close();
  }
}

function configuration(pop3Port: number, smtpPort: number): string {
  return `# Written by npm run demo. Both servers were on loopback, so no TLS is asked for.
domains: [corp.example]
undeliverable: admin@corp.example
delivery:
  transport: smtp
  smtp: { host: 127.0.0.1, port: ${smtpPort}, tls: none }
mailboxes:
  chris:
    type: user
    host: 127.0.0.1
    port: ${pop3Port}
    tls: none
    username: chris
    password: demo
    deliverTo: [chris@corp.example]
  everyone:
    type: global
    host: 127.0.0.1
    port: ${pop3Port}
    tls: none
    username: everyone
    password: demo
`;
}

async function report(
  samples: readonly Sample[],
  data: string,
  mailServer: ScriptedSmtpServer,
  summary: string,
  left: number,
): Promise<number> {
  const table = new Table({
    head: ['message', 'from mailbox', 'to whom', 'why', 'reply'],
    style: { head: [], border: [] },
  });
  const faults: string[] = left > 0 ? [`${left} messages are still on the provider's server`] : [];
  for (const sample of samples) {
    const sha256 = createHash('sha256').update(sample.octets).digest('hex');
    const item = await readLedgerItem(data, { mailbox: sample.mailbox, sha256 });
    table.push(await rowOf(sample, item));
    faults.push(...faultsOf(sample, sha256, data, withoutNotices(mailServer.received)));
  }
  const notices = noticesAmong(mailServer.received);
  for (const notice of notices) table.push(await noticeRow(notice));
  const parked = samples.filter((sample) => sample.parked).length;
  if (notices.length !== parked) {
    faults.push(`expected a notice for each of ${parked} parked messages, got ${notices.length}`);
  }
  console.log(table.toString());
  console.log(`\nWhat the command printed (run --once --json):\n${summary}`);
  console.log(
    `Left for a look: ${relative('.', data)}/ (Incoming/ is empty, Failed/ holds the refused one and why)`,
  );
  for (const fault of faults) console.error(`WRONG: ${fault}`);
  console.log(
    faults.length === 0 ? 'Every sample message ended where it should.' : 'The demo failed.',
  );
  return faults.length === 0 ? 0 : 1;
}

async function rowOf(sample: Sample, item: MessageItem | null): Promise<string[]> {
  const { subject } = await simpleParser(readable(sample.octets));
  const message = `${subject ?? ''}\n(${sample.shows})`;
  if (item?.decision == null) return [message, sample.mailbox, '', 'not decided', ''];
  const { decision, recipients } = item;
  const why = [
    ...decision.recipients.map((one) => (one.source === 'mailbox' ? 'fixed target' : one.source)),
    ...decision.ignored.map((one) => `(not ${one.address}: ${one.reason})`),
  ];
  return [
    message,
    sample.mailbox,
    recipients.map((one) => one.address).join('\n'),
    why.join('\n'),
    recipients.map(replyOf).join('\n'),
  ];
}

/** Senders are told nothing; whoever looks after the mail is. */
async function noticeRow({ data, recipients }: ReceivedMail): Promise<string[]> {
  const { subject } = await simpleParser(data);
  return [`${subject ?? ''}\n(a notice of our own)`, '', recipients.join('\n'), 'notice', 'taken'];
}

function replyOf({ lastReply, state }: RecipientState): string {
  return lastReply === null ? state : `${lastReply.code ?? ''} ${lastReply.text}`.trim();
}

/** For the table only: a header in Latin-1 without MIME says nothing of its character set, so it is guessed. */
function readable(octets: Buffer): Buffer {
  return isUtf8(octets) ? octets : Buffer.from(octets.toString('latin1'), 'utf8');
}

process.exitCode = await demo();
