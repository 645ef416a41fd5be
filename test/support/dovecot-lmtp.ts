import { startDovecot } from './dovecot.ts';
import type { Dovecot, DovecotUser } from './dovecot.ts';

export interface LmtpDelivery {
  readonly recipient: string;
  /** MAIL FROM; `''` is the null reverse-path. */
  readonly sender: string;
  /** The message below Dovecot's own trace fields, with CRLF line ends as stored. */
  readonly data: Buffer;
}

export interface DovecotLmtp {
  readonly port: number;
  /** Every message delivered so far, one a recipient. */
  delivered(): LmtpDelivery[];
  log(): string;
  stop(): Promise<void>;
}

export interface LmtpMailbox {
  /** Octets that it may hold. */
  readonly quota?: number;
}

/** Starts a Dovecot that takes mail by LMTP for these addresses, and for no other. */
export async function startDovecotLmtp(
  mailboxes: Readonly<Record<string, LmtpMailbox>>,
): Promise<DovecotLmtp> {
  const addresses = Object.keys(mailboxes);
  const users = Object.fromEntries(
    addresses.map((address): [string, DovecotUser] => [
      address,
      { password: 'never asked', mails: [], ...mailboxes[address] },
    ]),
  );
  const dovecot = await startDovecot({ users, lmtp: true, tls: false });
  return {
    port: dovecot.lmtpPort,
    delivered: () => addresses.flatMap((address) => deliveredTo(dovecot, address)),
    log: () => dovecot.log(),
    stop: () => dovecot.stop(),
  };
}

function deliveredTo(dovecot: Dovecot, recipient: string): LmtpDelivery[] {
  return dovecot.remaining(recipient).map((stored) => {
    const text = stored.toString('latin1');
    // Delivered-To only where the message came for one; a Received of several lines, and Return-Path once more.
    const [trace = '', sender = ''] =
      /^Return-Path: <([^>]*)>\r\n(?:Delivered-To: \S+\r\n)?Received: [^\r]*\r\n(?:[ \t][^\r]*\r\n)*(?:Return-Path: [^\r]*\r\n)?/.exec(
        text,
      ) ?? [];
    if (trace === '') {
      throw new Error(`expected Dovecot's trace fields on top, got ${text.slice(0, 200)}`);
    }
    return { recipient, sender, data: stored.subarray(trace.length) };
  });
}
