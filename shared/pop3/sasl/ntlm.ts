import type { Clock, RandomOctets } from '../../clock.ts';
import { accountKey, hmacMd5, ntlmAccount } from './ntlm-account.ts';
import type { NtlmAccount } from './ntlm-account.ts';
import type { NtlmChallenge } from './ntlm-challenge.ts';
import { NTLM_SIGNATURE, NtlmFlag, readChallenge } from './ntlm-challenge.ts';
import { proveAccount } from './ntlm-proof.ts';
import type { NtlmProof } from './ntlm-proof.ts';
import type { SaslClient } from './sasl-client.ts';
import { SaslFault } from './sasl-client.ts';

/**
 * What we can do. No key exchange, signing or sealing: they protect what follows in protocols that use them, which
 * POP3 does not, and need RC4, which OpenSSL 3 has no more.
 */
const OUR_FLAGS =
  NtlmFlag.unicode |
  NtlmFlag.oem |
  NtlmFlag.requestTarget |
  NtlmFlag.ntlm |
  NtlmFlag.alwaysSign |
  NtlmFlag.extendedSecurity |
  NtlmFlag.targetInfo;

const AUTHENTICATE_TYPE = 3;
/** Six fields, flags, version, message integrity code (MS-NLMP 2.2.1.3). */
const HEAD_OCTETS = 88;
const FLAGS_AT = 60;
const INTEGRITY_AT = 72;
const ASCII = /^[ -~]*$/;

/**
 * NTLM (MS-NLMP, over POP3 by MS-OXPOP3), the "Secure Password Authentication" of Outlook and Exchange: NTLMv2, with
 * the messages signed where the server gives its time.
 */
export function ntlm(
  username: string,
  password: string,
  clock: Clock,
  randomOctets: RandomOctets,
): SaslClient & { initial: Buffer } {
  const account = ntlmAccount(username);
  const initial = negotiateMessage();
  let answered = false;
  return {
    mechanism: 'NTLM',
    initial,
    anonymousStart: true,
    startsAtOk: true,
    respond: (message) => {
      if (answered) throw new SaslFault('expected a verdict, got another NTLM message');
      const challenge = readChallenge(message);
      answered = true;
      const key = accountKey(account, password);
      const proof = proveAccount(key, challenge, clock, randomOctets);
      const authenticate = authenticateMessage(account, challenge, proof);
      if (proof.signed) {
        const signature = hmacMd5(proof.sessionKey, initial, message, authenticate);
        signature.copy(authenticate, INTEGRITY_AT);
      }
      return authenticate;
    },
  };
}

/** NEGOTIATE_MESSAGE (MS-NLMP 2.2.1.1), with neither domain nor workstation. */
function negotiateMessage(): Buffer {
  const message = Buffer.alloc(32);
  NTLM_SIGNATURE.copy(message);
  message.writeUInt32LE(1, 8);
  message.writeUInt32LE(OUR_FLAGS, 12);
  return message;
}

/** AUTHENTICATE_MESSAGE (MS-NLMP 2.2.1.3), its integrity code still zero. */
function authenticateMessage(
  account: NtlmAccount,
  { flags }: NtlmChallenge,
  proof: NtlmProof,
): Buffer {
  const unicode = (flags & NtlmFlag.unicode) !== 0;
  const text = (value: string): Buffer => encodeText(value, unicode);
  const fields = [
    proof.lmResponse,
    proof.ntResponse,
    text(account.domain),
    text(account.user),
    // The name of this machine is nobody's business.
    Buffer.alloc(0),
    Buffer.alloc(0),
  ];
  const head = Buffer.alloc(HEAD_OCTETS);
  NTLM_SIGNATURE.copy(head);
  head.writeUInt32LE(AUTHENTICATE_TYPE, 8);
  let offset = HEAD_OCTETS;
  fields.forEach((field, index) => {
    const at = 12 + index * 8;
    head.writeUInt16LE(field.length, at);
    head.writeUInt16LE(field.length, at + 2);
    head.writeUInt32LE(offset, at + 4);
    offset += field.length;
  });
  const charset = unicode ? NtlmFlag.unicode : NtlmFlag.oem;
  const common = flags & OUR_FLAGS & ~(NtlmFlag.unicode | NtlmFlag.oem);
  head.writeUInt32LE(common | charset, FLAGS_AT);
  return Buffer.concat([head, ...fields]);
}

function encodeText(text: string, unicode: boolean): Buffer {
  if (unicode) return Buffer.from(text, 'utf16le');
  if (ASCII.test(text)) return Buffer.from(text, 'latin1');
  throw new SaslFault(
    'expected a server that takes Unicode for this user name, got one that does not',
  );
}
