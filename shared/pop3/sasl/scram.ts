import { createHash, createHmac, pbkdf2, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

import type { RandomOctets } from '../../clock.ts';
import { SCRAM_ITERATIONS, SCRAM_NONCE_OCTETS } from '../../limits.ts';
import type { SaslClient } from './sasl-client.ts';
import { SaslFault } from './sasl-client.ts';
import { saslName } from './sasl-name.ts';
import { saslPrepared } from './saslprep.ts';

type Hash = 'sha1' | 'sha256';

/** No channel binding (RFC 5802 section 7): hardly a POP3 server offers one of the -PLUS mechanisms. */
const GS2_HEADER = 'n,,';
const SERVER_FIRST = /^r=([!-+\--~]+),s=([A-Za-z0-9+/]+={0,2}),i=([1-9]\d{0,9})(?:,.*)?$/s;
const SERVER_FINAL = /^v=([A-Za-z0-9+/]+={0,2})(?:,.*)?$/s;

/** SCRAM-SHA-1 (RFC 5802) or SCRAM-SHA-256 (RFC 7677): both sides prove that they know the password. */
export async function scram(
  hash: Hash,
  username: string,
  password: string,
  randomOctets: RandomOctets,
): Promise<SaslClient & { initial: Buffer }> {
  const nonce = randomOctets(SCRAM_NONCE_OCTETS).toString('base64');
  return new Scram(hash, await saslPrepared(username), await saslPrepared(password), nonce);
}

class Scram implements SaslClient {
  readonly mechanism;
  readonly initial: Buffer;
  detail: string | null = null;
  readonly #hash: Hash;
  readonly #password: string;
  readonly #nonce: string;
  readonly #clientFirst: string;
  #state: 'opened' | 'proved' | 'verified' | 'refused' = 'opened';
  #expectedSignature: Buffer = Buffer.alloc(0);

  constructor(hash: Hash, username: string, password: string, nonce: string) {
    this.mechanism = hash === 'sha1' ? ('SCRAM-SHA-1' as const) : ('SCRAM-SHA-256' as const);
    this.#hash = hash;
    this.#password = password;
    this.#nonce = nonce;
    this.#clientFirst = `n=${saslName(username)},r=${nonce}`;
    this.initial = Buffer.from(GS2_HEADER + this.#clientFirst, 'utf8');
  }

  async respond(challenge: Buffer): Promise<Buffer> {
    const message = challenge.toString('utf8');
    if (this.#state === 'opened') return this.#prove(message);
    if (this.#state === 'proved') return this.#verify(message);
    throw new SaslFault('expected a verdict, got another challenge');
  }

  finish(): void {
    if (this.#state === 'verified') return;
    throw new SaslFault('expected the server to prove that it knows the password, got +OK', false);
  }

  async #prove(serverFirst: string): Promise<Buffer> {
    const { nonce, salt, iterations } = this.#read(serverFirst);
    const salted = await promisify(pbkdf2)(
      Buffer.from(this.#password, 'utf8'),
      salt,
      iterations,
      this.#hash === 'sha1' ? 20 : 32,
      this.#hash,
    );
    const withoutProof = `c=${Buffer.from(GS2_HEADER).toString('base64')},r=${nonce}`;
    const exchanged = `${this.#clientFirst},${serverFirst},${withoutProof}`;
    const clientKey = this.#hmac(salted, 'Client Key');
    const storedKey = createHash(this.#hash).update(clientKey).digest();
    const proof = xor(clientKey, this.#hmac(storedKey, exchanged));
    this.#expectedSignature = this.#hmac(this.#hmac(salted, 'Server Key'), exchanged);
    this.#state = 'proved';
    return Buffer.from(`${withoutProof},p=${proof.toString('base64')}`, 'utf8');
  }

  #read(serverFirst: string): { nonce: string; salt: Buffer; iterations: number } {
    const [, nonce = '', salt = '', count = ''] = SERVER_FIRST.exec(serverFirst) ?? [];
    // An `m=` before these asks for an extension that has to be understood, and there is none that we know.
    if (nonce === '') throw new SaslFault('expected r=, s= and i= in the challenge, got others');
    if (!nonce.startsWith(this.#nonce) || nonce.length === this.#nonce.length) {
      throw new SaslFault('expected a nonce that goes on from ours, got another');
    }
    const iterations = Number(count);
    const { least, most } = SCRAM_ITERATIONS;
    if (iterations < least || iterations > most) {
      throw new SaslFault(`expected ${least} to ${most} iterations, got ${iterations}`);
    }
    return { nonce, salt: Buffer.from(salt, 'base64'), iterations };
  }

  #verify(serverFinal: string): Buffer {
    if (serverFinal.startsWith('e=')) {
      this.#state = 'refused';
      this.detail = serverFinal.slice(2).split(',')[0] ?? null;
      return Buffer.alloc(0);
    }
    const signature = Buffer.from(SERVER_FINAL.exec(serverFinal)?.[1] ?? '', 'base64');
    const expected = this.#expectedSignature;
    if (signature.length !== expected.length || !timingSafeEqual(signature, expected)) {
      throw new SaslFault(
        'expected the server to prove that it knows the password, got a wrong proof',
        false,
      );
    }
    this.#state = 'verified';
    return Buffer.alloc(0);
  }

  #hmac(key: Buffer, text: string): Buffer {
    return createHmac(this.#hash, key).update(text, 'utf8').digest();
  }
}

function xor(one: Buffer, other: Buffer): Buffer {
  return Buffer.from(one.map((octet, at) => octet ^ (other[at] ?? 0)));
}
