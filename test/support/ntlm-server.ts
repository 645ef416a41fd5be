import { createHmac } from 'node:crypto';

import { md4 } from '../../shared/pop3/sasl/md4.ts';

/** The server's side of NTLM (MS-NLMP), written for the tests by itself: nothing but MD4 is shared with the client. */

const UNICODE_WITH_TARGET_INFO = 0x0080_0001;

export interface NtlmChallengeOptions {
  readonly nonce: Buffer;
  /** Id to value. */
  readonly targetInfo?: readonly (readonly [number, Buffer])[];
  readonly flags?: number;
}

/** A CHALLENGE_MESSAGE. */
export function ntlmChallenge({ nonce, targetInfo, flags }: NtlmChallengeOptions): Buffer {
  const info = targetInfo === undefined ? Buffer.alloc(0) : avList([...targetInfo, [0, EMPTY]]);
  const head = Buffer.alloc(56);
  head.write('NTLMSSP\0', 0, 'latin1');
  head.writeUInt32LE(2, 8);
  head.writeUInt32LE(head.length, 16);
  head.writeUInt32LE((flags ?? UNICODE_WITH_TARGET_INFO) >>> 0, 20);
  nonce.copy(head, 24);
  head.writeUInt16LE(info.length, 40);
  head.writeUInt16LE(info.length, 42);
  head.writeUInt32LE(head.length, 44);
  return Buffer.concat([head, info]);
}

const EMPTY = Buffer.alloc(0);

function avList(pairs: readonly (readonly [number, Buffer])[]): Buffer {
  return Buffer.concat(
    pairs.flatMap(([id, value]) => {
      const head = Buffer.alloc(4);
      head.writeUInt16LE(id, 0);
      head.writeUInt16LE(value.length, 2);
      return [head, value];
    }),
  );
}

export interface NtlmAnswer {
  readonly user: string;
  readonly domain: string;
  readonly flags: number;
  readonly lmResponse: Buffer;
  readonly ntResponse: Buffer;
  /** Ids of the target information that came back. */
  readonly avPairs: ReadonlyMap<number, Buffer>;
}

/** Reads an AUTHENTICATE_MESSAGE. */
export function readAnswer(message: Buffer): NtlmAnswer {
  const field = (at: number) => {
    const start = message.readUInt32LE(at + 4);
    return message.subarray(start, start + message.readUInt16LE(at));
  };
  const ntResponse = field(20);
  const flags = message.readUInt32LE(60);
  const charset = (flags & 1) === 1 ? 'utf16le' : 'latin1';
  return {
    user: field(36).toString(charset),
    domain: field(28).toString(charset),
    flags,
    lmResponse: field(12),
    ntResponse,
    avPairs: readAvList(ntResponse.subarray(44)),
  };
}

function readAvList(octets: Buffer): ReadonlyMap<number, Buffer> {
  const pairs = new Map<number, Buffer>();
  for (let at = 0; octets.readUInt16LE(at) !== 0; at += 4 + octets.readUInt16LE(at + 2)) {
    pairs.set(
      octets.readUInt16LE(at),
      octets.subarray(at + 4, at + 4 + octets.readUInt16LE(at + 2)),
    );
  }
  return pairs;
}

export interface NtlmVerdict {
  readonly proof: boolean;
  /** Whether the message integrity code over all three messages is right. */
  readonly signed: boolean;
}

/** Checks an answer as a domain controller does that knows the password. */
export function verifyNtlm(
  [negotiate, challenge, authenticate]: readonly [Buffer, Buffer, Buffer],
  password: string,
): NtlmVerdict {
  const { user, domain, ntResponse } = readAnswer(authenticate);
  const name = Buffer.from(user.toUpperCase() + domain, 'utf16le');
  const key = hmac(md4(Buffer.from(password, 'utf16le')), name);
  const said = ntResponse.subarray(16);
  const proof = hmac(key, Buffer.concat([challenge.subarray(24, 32), said]));
  const unsigned = Buffer.from(authenticate);
  unsigned.fill(0, 72, 88);
  const code = hmac(hmac(key, proof), Buffer.concat([negotiate, challenge, unsigned]));
  return {
    proof: proof.equals(ntResponse.subarray(0, 16)),
    signed: code.equals(authenticate.subarray(72, 88)),
  };
}

function hmac(key: Buffer, text: Buffer): Buffer {
  return createHmac('md5', key).update(text).digest();
}
