import { join } from 'node:path';

import { afterEach, describe, expect, it } from 'vitest';

import { chosenSeed } from '../support/chosen-seed.ts';
import { startDovecot, type Dovecot } from '../support/dovecot.ts';
import { startDovecotLmtp } from '../support/dovecot-lmtp.ts';
import { startExactSmtpSink } from '../support/exact-smtp-sink.ts';
import { asSentByDovecot, asSentBySmtp } from '../support/line-ends.ts';
import { install, runOnce, type Installation } from '../support/mailferry-run.ts';
import { startPostfix } from '../support/postfix.ts';
import { makeScratchFolder } from '../support/scratch-folder.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { differenceOf } from './carried-mail.ts';
import { PEOPLE, SENDER, tokenOf, variedMail, type VariedMail } from './varied-mail.ts';

const COUNT = 300;
const UNDELIVERABLE = 'admin@corp.example';

/** A delivery, whichever server took it. */
interface Arrival {
  readonly sender: string;
  readonly recipient: string;
  /** With CRLF line ends. */
  readonly data: Buffer;
}

interface Destination {
  readonly transport: 'smtp' | 'lmtp';
  readonly smtp: Readonly<Record<string, unknown>>;
  arrivals(): Promise<Arrival[]>;
  stop(): Promise<void>;
}

async function postfixDestination(tls: boolean): Promise<Destination> {
  const postfix = await startPostfix({ domains: ['corp.example'], tls });
  const { host, port, caFile } = postfix;
  return {
    transport: 'smtp',
    smtp: tls ? { host, port, tls: 'starttls', ca: caFile } : { host, port, tls: 'none' },
    arrivals: async () =>
      (await postfix.delivered()).map((mail) => ({ ...mail, data: asSentBySmtp(mail.data) })),
    stop: () => postfix.stop(),
  };
}

async function sinkDestination(): Promise<Destination> {
  const sink = await startExactSmtpSink();
  return {
    transport: 'smtp',
    smtp: { host: '127.0.0.1', port: sink.port, tls: 'none' },
    arrivals: () =>
      Promise.resolve(
        sink.received.flatMap(({ sender, recipients, data }) =>
          recipients.map((recipient) => ({ sender, recipient, data })),
        ),
      ),
    stop: () => sink.stop(),
  };
}

async function lmtpDestination(): Promise<Destination> {
  const names = [...PEOPLE.map((name) => `${name}@corp.example`), UNDELIVERABLE];
  const dovecot = await startDovecotLmtp(Object.fromEntries(names.map((name) => [name, {}])));
  return {
    transport: 'lmtp',
    smtp: { host: '127.0.0.1', port: dovecot.port, tls: 'none' },
    arrivals: () => Promise.resolve(dovecot.delivered()),
    stop: () => dovecot.stop(),
  };
}

type Protection = 'none' | 'starttls' | 'implicit';

function configuration(
  dovecot: Dovecot,
  protection: Protection,
  destination: Destination,
): unknown {
  const port = protection === 'implicit' ? dovecot.tlsPort : dovecot.port;
  return {
    domains: ['corp.example'],
    undeliverable: UNDELIVERABLE,
    delivery: { transport: destination.transport, smtp: destination.smtp },
    mailboxes: {
      everyone: {
        type: 'global',
        host: dovecot.host,
        port,
        tls: protection,
        // Without TLS `auto` sends no password; this is loopback, where a clear-text login is allowed.
        ...(protection === 'none' ? { auth: 'plain' } : { ca: dovecot.caFile }),
        username: 'catchall',
        password: { secret: 'everyone' },
      },
    },
  };
}

function expectEachOnce(mails: readonly VariedMail[], arrivals: readonly Arrival[]): void {
  const byToken = Map.groupBy(arrivals, ({ data }) => tokenOf(data));
  const faults = mails.flatMap((mail) => {
    const carried = mail.octets.length === 0 ? '' : mail.token;
    const [arrival, ...more] = byToken.get(carried) ?? [];
    const fault = faultOf(mail, arrival, more.length);
    return fault === null ? [] : [`${mail.kind} (${mail.token}): ${fault}`];
  });
  expect(faults).toEqual([]);
  expect(arrivals).toHaveLength(mails.length);
}

function faultOf(mail: VariedMail, arrival: Arrival | undefined, more: number): string | null {
  if (arrival === undefined) return 'did not arrive';
  if (more > 0) return `arrived ${more + 1} times`;
  const recipient = mail.recipient ?? UNDELIVERABLE;
  if (arrival.recipient !== recipient)
    return `expected for ${recipient}, got for ${arrival.recipient}`;
  if (mail.recipient !== null && arrival.sender !== SENDER) {
    return `expected MAIL FROM ${SENDER}, got ${arrival.sender}`;
  }
  return differenceOf(mail.octets, arrival.data);
}

describe('mail from Dovecot', () => {
  const stops: (() => Promise<void> | void)[] = [];

  afterEach(async () => {
    for (const stop of stops.splice(0).reverse()) await stop();
  });

  async function prepare(
    mails: readonly VariedMail[],
    protection: Protection,
    destination: Destination,
  ): Promise<{ dovecot: Dovecot; installation: Installation }> {
    stops.push(() => destination.stop());
    const octets = mails.map((mail) => mail.octets);
    const dovecot = await startDovecot({
      users: { catchall: { password: 'se cret', mails: octets } },
    });
    stops.push(() => dovecot.stop());
    const scratch = makeScratchFolder('carry');
    stops.push(() => {
      scratch.remove();
    });
    const settings = configuration(dovecot, protection, destination);
    const installation = install(join(scratch.path, 'mailferry'), settings, {
      everyone: 'se cret',
    });
    return { dovecot, installation };
  }

  it.each<[Protection, string, () => Promise<Destination>]>([
    ['none', 'Postfix', () => postfixDestination(false)],
    ['starttls', 'a sink that keeps each octet', sinkDestination],
    ['none', 'Dovecot by LMTP', lmtpDestination],
    ['implicit', 'Postfix over STARTTLS', () => postfixDestination(true)],
  ])(
    'arrives once with every octet in place (POP3 TLS: %s) at %s',
    async (protection, _, start) => {
      const seed = chosenSeed();
      process.stdout.write(`carry: seed ${seed}\n`);
      const mails = variedMail(seededRandom(seed), COUNT, 'carry');
      const destination = await start();
      const { dovecot, installation } = await prepare(mails, protection, destination);

      const { status, summary, stderr } = await runOnce(installation);
      const unaddressed = mails.filter(({ recipient }) => recipient === null).length;
      const bytes = mails.reduce((sum, { octets }) => sum + asSentByDovecot(octets).length, 0);
      expect(summary, stderr).toEqual({
        mailboxes: [{ id: 'everyone', status: 'ok', fetched: COUNT, bytes, left: 0, error: null }],
        messages: {
          ...{
            fetched: COUNT,
            carried: 0,
            delivered: COUNT - unaddressed,
            undeliverable: unaddressed,
          },
          ...{ duplicate: 0, deferred: 0, failed: 0, held: 0 },
        },
      });
      expect(status).toBe(0);
      expectEachOnce(mails, await destination.arrivals());
      expect(dovecot.remaining('catchall')).toEqual([]);

      const again = await runOnce(installation);
      expect(again.summary.messages.fetched).toBe(0);
      expect(await destination.arrivals()).toHaveLength(COUNT);
    },
  );
});
