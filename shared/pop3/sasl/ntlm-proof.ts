import type { Clock, RandomOctets } from '../../clock.ts';
import { hmacMd5 } from './ntlm-account.ts';
import type { AvPair, NtlmChallenge } from './ntlm-challenge.ts';
import { AvId } from './ntlm-challenge.ts';

/** What proves the password to the server, and what the rest of the message is signed with. */
export interface NtlmProof {
  readonly lmResponse: Buffer;
  readonly ntResponse: Buffer;
  readonly sessionKey: Buffer;
  /** Set where the server gave its time: the three messages are then signed (MS-NLMP 3.1.5.1.2). */
  readonly signed: boolean;
}

const MESSAGE_SIGNED = 2;
/** FILETIME counts 100 ns from 1601; the Unix epoch in it, in milliseconds. */
const EPOCH_MS = 11_644_473_600_000;

/** The NTLMv2 response (MS-NLMP 3.3.2). Version 1 is never sent: its proof gives the password away. */
export function proveAccount(
  key: Buffer,
  { nonce, targetInfo }: NtlmChallenge,
  clock: Clock,
  randomOctets: RandomOctets,
): NtlmProof {
  const time = targetInfo.find(({ id }) => id === AvId.timestamp)?.value;
  const signed = time?.length === 8;
  const ours = randomOctets(8);
  const said = Buffer.concat([
    Buffer.from([1, 1, 0, 0, 0, 0, 0, 0]),
    signed ? time : fileTime(clock.now()),
    ours,
    Buffer.alloc(4),
    encodeAvPairs(signed ? withSignedFlag(targetInfo) : targetInfo),
    Buffer.alloc(4),
  ]);
  const proof = hmacMd5(key, nonce, said);
  return {
    // A server that gives its time does not look at it, and has to get zeros.
    lmResponse: signed ? Buffer.alloc(24) : Buffer.concat([hmacMd5(key, nonce, ours), ours]),
    ntResponse: Buffer.concat([proof, said]),
    sessionKey: hmacMd5(key, proof),
    signed,
  };
}

function withSignedFlag(pairs: readonly AvPair[]): readonly AvPair[] {
  const given = pairs.find(({ id }) => id === AvId.flags)?.value;
  const value = Buffer.alloc(4);
  value.writeUInt32LE((given?.length === 4 ? given.readUInt32LE() : 0) | MESSAGE_SIGNED);
  return [...pairs.filter(({ id }) => id !== AvId.flags), { id: AvId.flags, value }];
}

function encodeAvPairs(pairs: readonly AvPair[]): Buffer {
  const encoded = [...pairs, { id: AvId.endOfList, value: Buffer.alloc(0) }].map(
    ({ id, value }) => {
      const head = Buffer.alloc(4);
      head.writeUInt16LE(id, 0);
      head.writeUInt16LE(value.length, 2);
      return Buffer.concat([head, value]);
    },
  );
  return Buffer.concat(encoded);
}

function fileTime(ms: number): Buffer {
  const octets = Buffer.alloc(8);
  octets.writeBigUInt64LE(BigInt(Math.trunc(ms) + EPOCH_MS) * 10_000n);
  return octets;
}
