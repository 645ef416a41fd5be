import { SaslFault } from './sasl-client.ts';

/** MS-NLMP 2.2.2.5. */
export const NtlmFlag = {
  unicode: 0x0000_0001,
  oem: 0x0000_0002,
  requestTarget: 0x0000_0004,
  ntlm: 0x0000_0200,
  alwaysSign: 0x0000_8000,
  extendedSecurity: 0x0008_0000,
  targetInfo: 0x0080_0000,
} as const;

export const NTLM_SIGNATURE = Buffer.from('NTLMSSP\0', 'latin1');

/** MS-NLMP 2.2.2.1. */
export const AvId = { endOfList: 0, flags: 6, timestamp: 7 } as const;

export interface AvPair {
  readonly id: number;
  readonly value: Buffer;
}

export interface NtlmChallenge {
  readonly flags: number;
  /** 8 octets. */
  readonly nonce: Buffer;
  /** What the server says of itself, without the end of the list; empty where it says nothing. */
  readonly targetInfo: readonly AvPair[];
}

const CHALLENGE_TYPE = 2;
/** Up to and with the server's challenge; what follows is not there in old servers' messages. */
const LEAST_OCTETS = 32;
const TARGET_INFO_AT = 40;

/**
 * Reads a CHALLENGE_MESSAGE (MS-NLMP 2.2.1.2). Every length and offset is the server's word and is checked.
 * @throws SaslFault
 */
export function readChallenge(message: Buffer): NtlmChallenge {
  const isOurs = message.subarray(0, NTLM_SIGNATURE.length).equals(NTLM_SIGNATURE);
  if (!isOurs || message.length < LEAST_OCTETS || message.readUInt32LE(8) !== CHALLENGE_TYPE) {
    throw new SaslFault(
      `expected an NTLM challenge message, got ${message.length} octets of something else`,
    );
  }
  const flags = message.readUInt32LE(20);
  const hasInfo = (flags & NtlmFlag.targetInfo) !== 0 && message.length >= TARGET_INFO_AT + 8;
  return {
    flags,
    nonce: message.subarray(24, 32),
    targetInfo: hasInfo ? readAvPairs(fieldAt(message, TARGET_INFO_AT)) : [],
  };
}

/** Length, allocated length, offset. */
function fieldAt(message: Buffer, at: number): Buffer {
  const length = message.readUInt16LE(at);
  const offset = message.readUInt32LE(at + 4);
  if (offset + length > message.length) {
    throw new SaslFault('expected the target information within the NTLM message, got more of it');
  }
  return message.subarray(offset, offset + length);
}

function readAvPairs(octets: Buffer): readonly AvPair[] {
  const pairs: AvPair[] = [];
  let at = 0;
  while (at + 4 <= octets.length) {
    const id = octets.readUInt16LE(at);
    const end = at + 4 + octets.readUInt16LE(at + 2);
    if (id === AvId.endOfList) return pairs;
    if (end > octets.length) break;
    pairs.push({ id, value: octets.subarray(at + 4, end) });
    at = end;
  }
  if (octets.length === 0) return pairs;
  throw new SaslFault('expected the end of the NTLM target information, got a list without one');
}
