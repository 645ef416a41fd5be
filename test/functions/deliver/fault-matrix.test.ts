import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { deliverMessage } from '../../../functions/deliver/deliver-message.ts';
import { routeMessage } from '../../../functions/route/route-message.ts';
import type { Embedded } from '../../../infra/local/embedded.ts';
import type { Courier } from '../../../shared/courier/courier.ts';
import type { Deadlines } from '../../../shared/courier/deadlines.ts';
import { formatKey } from '../../../shared/mail/message-key.ts';
import type { MessageKey } from '../../../shared/mail/message-key.ts';
import { courierFor } from '../../courier/courier-for.ts';
import { certificates } from '../../support/certificates.ts';
import { filesIn } from '../../support/data-folder-files.ts';
import { makeEmbeddedScene } from '../../support/embedded-scene.ts';
import type { EmbeddedScene } from '../../support/embedded-scene.ts';
import { sampleMessage } from '../../support/sample-message.ts';
import { startSmtpServer } from '../../support/scripted-smtp-server.ts';
import type { ScriptedSmtpServer } from '../../support/scripted-smtp-server.ts';
import type { SmtpServerOptions, SmtpStage } from '../../support/smtp-script.ts';
import { storeArrival } from '../../support/stored-arrival.ts';

const FAULTS = ['drop', 'hang', '4xx', '5xx', 'nonsense', '421', 'megabyte', 'split'] as const;
type Fault = (typeof FAULTS)[number] | 'lose';

/**
 * Where three recipients are after the attempt that met the fault, for each of {@link FAULTS} in turn: `s` sent, `w`
 * waits, `f` failed. A fault at RCPT, and at LMTP's replies to the message, strikes the second alone.
 */
type Row = readonly [stage: SmtpStage, ...ends: string[]];

//                 drop   hang   4xx    5xx  nonsense 421  megabyte split
const SMTP: readonly Row[] = [
  ['connect', 'www', 'www', 'www', 'www', 'www', 'www', 'sss', 'sss'],
  // A refused EHLO is followed by HELO (RFC 5321 section 3.2), which this server takes.
  ['ehlo', 'www', 'www', 'sss', 'sss', 'sss', 'www', 'sss', 'sss'],
  ['starttls', 'www', 'www', 'www', 'www', 'www', 'www', 'sss', 'sss'],
  ['auth', 'www', 'www', 'www', 'www', 'www', 'www', 'sss', 'sss'],
  ['mail', 'www', 'www', 'www', 'fff', 'www', 'www', 'sss', 'sss'],
  ['rcpt', 'www', 'www', 'sws', 'sfs', 'sws', 'www', 'sss', 'sss'],
  ['data', 'www', 'www', 'www', 'fff', 'www', 'www', 'sss', 'sss'],
  ['block', 'www', 'www', 'www', 'fff', 'www', 'www', 'sss', 'sss'],
  ['content', 'www', 'www', 'www', 'fff', 'www', 'www', 'sss', 'sss'],
  ['quit', 'sss', 'sss', 'sss', 'sss', 'sss', 'sss', 'sss', 'sss'],
];
const LMTP: readonly Row[] = [
  // There is no HELO.
  ['ehlo', 'www', 'www', 'www', 'www', 'www', 'www', 'sss', 'sss'],
  ['mail', 'www', 'www', 'www', 'fff', 'www', 'www', 'sss', 'sss'],
  ['rcpt', 'www', 'www', 'sws', 'sfs', 'sws', 'www', 'sss', 'sss'],
  ['data', 'www', 'www', 'www', 'fff', 'www', 'www', 'sss', 'sss'],
  // What was answered before the fault counts.
  ['content', 'sww', 'sww', 'sws', 'sfs', 'sws', 'sws', 'sss', 'sss'],
];

/** The last byte of the final dot is sent, and the answer to it gets lost: the one window for a second copy. */
const WINDOW: readonly (readonly [string, boolean, string])[] = [
  ['SMTP', false, 'www'],
  ['LMTP', true, 'sww'],
];

const RECIPIENTS = ['chris@corp.example', 'dana@corp.example', 'kelly@corp.example'];
/** The wait that a hang at this stage meets. The others stay long: a busy machine must not end one of them. */
function shortWait(stage: SmtpStage): Partial<Deadlines> {
  switch (stage) {
    case 'connect':
      return { greetingMs: 60 };
    case 'content':
    case 'block':
      // Of a small message all is sent before the server falls silent.
      return { finalMs: 60 };
    case 'quit':
      return { quitMs: 60 };
    default:
      return { commandMs: 400 };
  }
}
const MINUTE = 60_000;
const auth = { username: 'connector', password: 'open sesame' };

/** What a well-behaved server says at each stage, in code. */
const GOOD: Readonly<Partial<Record<SmtpStage, number>>> = {
  ...{ connect: 220, ehlo: 250, starttls: 220, auth: 235, mail: 250, rcpt: 250 },
  ...{ data: 354, content: 250, quit: 221 },
};

function replyFor(fault: Fault, stage: SmtpStage): string {
  switch (fault) {
    case '4xx':
      return '451 4.3.0 later';
    case '5xx':
      return '554 5.7.1 never';
    case '421':
      return '421 4.3.2 closing';
    case 'megabyte': {
      // Nothing is due while content comes; the usual reply follows.
      if (stage === 'block') return '';
      const code = String(GOOD[stage]);
      return `${`${code}-${'x'.repeat(70)}\r\n`.repeat(13_000)}${code} at last`;
    }
    case 'split':
      return stage === 'block' ? '' : 'split';
    case 'drop':
    case 'hang':
    case 'lose':
    case 'nonsense':
      return fault;
  }
}

/**
 * Every fault at every stage, through the use case with its real ledger and store: where each recipient is after the
 * attempt that met it, and that a second attempt with a healthy server brings everybody who waits his one copy.
 */
describe('a fault of the mail server', () => {
  let scene: EmbeddedScene;
  let embedded: Embedded;
  let number = 0;

  beforeAll(async () => {
    scene = await makeEmbeddedScene({ mails: { everyone: [] } });
    embedded = await scene.open();
  });
  afterAll(async () => {
    await embedded.close();
    await scene.close();
  });

  async function newMessage(): Promise<MessageKey> {
    number += 1;
    const mail = sampleMessage(RECIPIENTS.join(', '), `number-${number}`);
    const key = await storeArrival(embedded.deps.store, 'everyone', mail);
    await routeMessage(embedded.deps, key);
    return key;
  }

  async function statesOf(key: MessageKey): Promise<string> {
    const item = (await embedded.deps.messages.find([key])).get(formatKey(key));
    const states = item?.recipients.map(({ state }) => state.charAt(0)) ?? [];
    return states.join('');
  }

  async function deliver(key: MessageKey, courier: Courier): Promise<string> {
    await deliverMessage({ ...embedded.deps, courierFor: () => courier }, key);
    await courier.close();
    return statesOf(key);
  }

  /** Copies that each recipient has. */
  function copies(...servers: readonly ScriptedSmtpServer[]): readonly number[] {
    const got = servers.flatMap(({ received }) => received.flatMap((one) => one.recipients));
    return RECIPIENTS.map((address) => got.filter((one) => one === address).length);
  }

  async function play(stage: SmtpStage, fault: Fault, lmtp: boolean) {
    const key = await newMessage();
    let struck = false;
    const tls = stage === 'starttls' ? ({ mode: 'starttls', ...certificates.good } as const) : null;
    const options: SmtpServerOptions = {
      lmtp,
      ...(tls === null ? {} : { tls }),
      ...(stage === 'auth' ? { auth } : {}),
    };
    const faulty = await startSmtpServer({
      ...options,
      replies: (now, { address }) => {
        const perRecipient = stage === 'rcpt' || (stage === 'content' && lmtp);
        if (now !== stage || struck || (perRecipient && address !== RECIPIENTS[1]))
          return undefined;
        struck = true;
        return replyFor(fault, stage);
      },
    });
    const changes = {
      ...{ lmtp, concurrency: 1, login: stage === 'auth' ? () => Promise.resolve(auth) : null },
      ...(tls === null ? {} : { server: { tls: tls.mode, ca: certificates.authority } }),
      ...(fault === 'hang' ? { deadlines: shortWait(stage) } : {}),
    };
    const first = await deliver(key, courierFor(faulty.port, changes));
    const parked = filesIn(scene.data, 'Failed').filter((name) => name.includes(key.sha256));
    const open = filesIn(scene.data, 'Incoming').some((name) => name.includes(key.sha256));
    // Longer than the first gap, and than the pause of a destination that was down.
    scene.clock.advance(2 * MINUTE);
    const healthy = await startSmtpServer({ lmtp });
    const second = await deliver(key, courierFor(healthy.port, { lmtp }));
    const left = filesIn(scene.data, 'Incoming').some((name) => name.includes(key.sha256));
    const got = copies(faulty, healthy);
    await faulty.close();
    await healthy.close();
    return { struck, first, open, parked: parked.length, second, left, got };
  }

  const cases = (rows: readonly Row[]) =>
    rows.flatMap(([stage, ...ends]) =>
      FAULTS.map((fault, at) => [stage, fault, ends[at] ?? ''] as const),
    );

  describe.each([
    ['SMTP', false, SMTP],
    ['LMTP', true, LMTP],
  ] as const)('%s', (_, lmtp, rows) => {
    test.each(cases(rows))(
      'at %s, %s: %s; then everybody who waits has it once',
      async (stage, fault, ends) => {
        const { struck, first, open, parked, second, left, got } = await play(stage, fault, lmtp);
        expect(struck).toBe(true);
        expect(first).toBe(ends);
        expect(open, 'the message lies in Incoming/ as long as somebody waits').toBe(
          ends.includes('w'),
        );
        expect(parked, 'copy and report in Failed/').toBe(ends.includes('f') ? 2 : 0);
        expect(second).toBe(ends.replaceAll('w', 's'));
        expect(left).toBe(false);
        expect(got, 'copies').toEqual(Array.from(ends, (end) => (end === 'f' ? 0 : 1)));
      },
    );
  });

  test.each(WINDOW)(
    'the answer to the final dot is lost (%s): whoever got no answer is sent a second copy',
    async (_, lmtp, ends) => {
      const { first, second, left, got } = await play('content', 'lose', lmtp);
      expect([first, second, left]).toEqual([ends, 'sss', false]);
      expect(got).toEqual(lmtp ? [1, 2, 2] : [2, 2, 2]);
    },
  );
});
