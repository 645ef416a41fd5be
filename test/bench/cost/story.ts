import { configurationFor, PASSWORD } from '../../support/provider-and-server.ts';
import { eventsOf } from '../../support/emulated-stage.ts';
import { queueEvent } from '../../support/queue-event.ts';
import { sampleMessage } from '../../support/sample-message.ts';
import { startPop3Server } from '../../support/scripted-pop3-server.ts';
import { startSmtpServer } from '../../support/scripted-smtp-server.ts';
import { startFunctions } from './stage-functions.ts';
import type { Recorded, StageFunctions } from './stage-functions.ts';

/** What the budgets speak of. */
const MESSAGE_OCTETS = 50_000;
export const MAILBOXES = ['everyone', 'chris', 'kelly', 'sales', 'office'] as const;
/** Few: they show how requests grow when batches never fill, which no budget speaks of. */
const ONE_BY_ONE = 20;
const LOOP_KEY = '0123456789abcdef'.repeat(4);
const LINE = `${'x'.repeat(74)}\r\n`;

export interface Story {
  readonly messages: number;
  readonly inBulk: Recorded;
  /** Each message alone: every batch holds one. */
  readonly oneByOne: { readonly messages: number; readonly recorded: Recorded };
  /** A fetch of each mailbox that finds nothing new. */
  readonly polls: Recorded;
  readonly tick: Recorded;
  readonly sweep: Recorded;
}

/** Mail from a POP3 server by the functions' own handlers to an SMTP server; then nothing happens. */
export async function tellStory(messages: number, say: (words: string) => void): Promise<Story> {
  const mails = Array.from({ length: messages }, (_, at) => mailNumber(at));
  const users = Object.fromEntries(
    MAILBOXES.map((name) => [name, { password: PASSWORD, mails: [] }]),
  );
  const pop3 = await startPop3Server({ users });
  const smtp = await startSmtpServer();
  const functions = await startFunctions(configurationFor(MAILBOXES, pop3.port, smtp.port), {
    provider: PASSWORD,
    'mailferry-loop': LOOP_KEY,
  });
  try {
    // First runs read what later ones know.
    await functions.call('dispatch', {});
    await pollAll(functions);
    for (const mail of mails) pop3.addMail('everyone', mail);
    say(`${messages} messages of ${MESSAGE_OCTETS} octets, in batches of 10`);
    const inBulk = await functions.record(() => carry(functions, messages, 10));
    for (let at = 0; at < ONE_BY_ONE; at += 1) pop3.addMail('everyone', mailNumber(messages + at));
    say(`${ONE_BY_ONE} messages, each in a batch of its own`);
    const recorded = await functions.record(() => carry(functions, ONE_BY_ONE, 1));
    if (smtp.received.length !== messages + ONE_BY_ONE) {
      throw new Error(
        `expected ${messages + ONE_BY_ONE} messages to arrive, got ${smtp.received.length}`,
      );
    }
    say('a tick, a fetch of each mailbox that finds nothing, a sweep');
    // The listing has changed since the run that emptied it.
    await pollAll(functions);
    return {
      messages,
      inBulk,
      oneByOne: { messages: ONE_BY_ONE, recorded },
      tick: await functions.record(() => functions.call('dispatch', {})),
      polls: await functions.record(() => pollAll(functions)),
      sweep: await functions.record(() => functions.call('sweep', {})),
    };
  } finally {
    await functions.close();
    await smtp.close();
    await pop3.close();
  }
}

async function pollAll(functions: StageFunctions): Promise<void> {
  for (const mailbox of MAILBOXES) await functions.call('fetch', fetchEvent(mailbox));
}

async function carry(functions: StageFunctions, count: number, size: number): Promise<void> {
  const { own, stage } = functions;
  await functions.call('fetch', fetchEvent('everyone'));
  for (const event of await eventsOf(own.sqs, stage.routeQueue, { count, size })) {
    await functions.call('route', event);
  }
  for (const event of await eventsOf(own.sqs, stage.deliverQueue, { count, size })) {
    await functions.call('deliver', event);
  }
}

function fetchEvent(mailbox: string): unknown {
  const body = JSON.stringify({ mailbox, queuedAt: Date.now() });
  return queueEvent([{ id: `fetch ${mailbox}`, body }]);
}

function mailNumber(number: number): Buffer {
  const body = LINE.repeat(Math.ceil(MESSAGE_OCTETS / LINE.length));
  const message = sampleMessage(`person-${number}@corp.example`, `number-${number}`, { body });
  // Line ends stay whole.
  return Buffer.concat([message.subarray(0, MESSAGE_OCTETS - 2), Buffer.from('\r\n')]);
}
