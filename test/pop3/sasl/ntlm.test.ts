import { describe, expect, it } from 'vitest';

import { accountKey, ntlmAccount } from '../../../shared/pop3/sasl/ntlm-account.ts';
import { proveAccount } from '../../../shared/pop3/sasl/ntlm-proof.ts';
import { ntlm } from '../../../shared/pop3/sasl/ntlm.ts';
import { base64, challenge, playLogin } from '../../support/login-dialogue.ts';
import { ntlmChallenge, readAnswer, verifyNtlm } from '../../support/ntlm-server.ts';

const utf16 = (text: string) => Buffer.from(text, 'utf16le');
const NONCE = Buffer.from('0123456789abcdef', 'hex');
const TARGET_INFO = [
  [2, utf16('Domain')],
  [1, utf16('Server')],
] as const;
const TIMESTAMP = Buffer.from('00d4d5d8a1b2dc01', 'hex');
const clock = { now: () => 1_790_000_000_000 };
const random = (count: number) => Buffer.alloc(count, 0xaa);

/** What the client says to this challenge, with its first message. */
function answered(username: string, password: string, message: Buffer): [Buffer, Buffer, Buffer] {
  const client = ntlm(username, password, clock, random);
  const answer = client.respond(message);
  if (!Buffer.isBuffer(answer)) throw new Error('expected an answer at once');
  return [client.initial, message, answer];
}

/** MS-NLMP section 4.2.4: user "User", domain "Domain", password "Password", time 0. */
describe('NTLMv2', () => {
  const key = accountKey({ user: 'User', domain: 'Domain' }, 'Password');

  it('makes the key of the example', () => {
    expect(key.toString('hex')).toBe('0c868a403bfd7a93a3001ef22ef02e3f');
  });

  it('makes the responses of the example', () => {
    const targetInfo = TARGET_INFO.map(([id, value]) => ({ id, value }));
    const epoch = { now: () => -11_644_473_600_000 };
    const proof = proveAccount(key, { flags: 0, nonce: NONCE, targetInfo }, epoch, random);
    expect(proof.lmResponse.toString('hex')).toBe(
      '86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa',
    );
    expect(proof.ntResponse.subarray(0, 16).toString('hex')).toBe(
      '68cd0ab851e51c96aabc927bebef6a1c',
    );
    expect(proof.sessionKey.toString('hex')).toBe('8de40ccadbc14a82f15cb0ad0de95ca3');
    expect(proof.signed).toBe(false);
  });
});

describe('user names of NTLM', () => {
  it.each([
    ['chris', 'chris', ''],
    ['CORP\\chris', 'chris', 'CORP'],
    ['chris@corp.example', 'chris@corp.example', ''],
  ])('%s', (username, user, domain) => {
    expect(ntlmAccount(username)).toEqual({ user, domain });
    const messages = answered(username, 'Password', ntlmChallenge({ nonce: NONCE }));
    expect(readAnswer(messages[2])).toMatchObject({ user, domain });
    expect(verifyNtlm(messages, 'Password').proof).toBe(true);
  });

  it('are put in upper case letter by letter, as Windows does', () => {
    const one = accountKey({ user: 'straße', domain: '' }, 'x');
    expect(one).toEqual(accountKey({ user: 'STRAßE', domain: '' }, 'x'));
    expect(one).not.toEqual(accountKey({ user: 'STRASSE', domain: '' }, 'x'));
  });
});

describe('the answer to an NTLM challenge', () => {
  it('proves passwords of any script, and no other', () => {
    const message = ntlmChallenge({ nonce: NONCE, targetInfo: TARGET_INFO });
    const messages = answered('jürgen', 'пароль', message);
    expect(verifyNtlm(messages, 'пароль').proof).toBe(true);
    expect(verifyNtlm(messages, 'пароли').proof).toBe(false);
  });

  it('is signed where the server gave its time, which it repeats', () => {
    const targetInfo = [...TARGET_INFO, [7, TIMESTAMP]] as const;
    const messages = answered('CORP\\chris', 'x', ntlmChallenge({ nonce: NONCE, targetInfo }));
    const answer = readAnswer(messages[2]);
    expect(verifyNtlm(messages, 'x')).toEqual({ proof: true, signed: true });
    expect(answer.avPairs.get(6)?.readUInt32LE()).toBe(2);
    expect(answer.ntResponse.subarray(24, 32)).toEqual(TIMESTAMP);
    expect(answer.lmResponse).toEqual(Buffer.alloc(24));
  });

  it('keeps the flags that the server set of itself', () => {
    const targetInfo = [
      [6, Buffer.from([1, 0, 0, 0])],
      [7, TIMESTAMP],
    ] as const;
    const messages = answered('chris', 'x', ntlmChallenge({ nonce: NONCE, targetInfo }));
    expect(readAnswer(messages[2]).avPairs.get(6)?.readUInt32LE()).toBe(3);
  });

  it('is not signed where it did not, and has our time', () => {
    const message = ntlmChallenge({ nonce: NONCE, targetInfo: TARGET_INFO });
    const messages = answered('chris', 'x', message);
    expect(messages[2].subarray(72, 88)).toEqual(Buffer.alloc(16));
    const time = readAnswer(messages[2]).ntResponse.readBigUInt64LE(24);
    expect(Number(time / 10_000n) - 11_644_473_600_000).toBe(clock.now());
  });

  it('takes along target information of any size', () => {
    const targetInfo = [...TARGET_INFO, [5, Buffer.alloc(5000, 'x')], [7, TIMESTAMP]] as const;
    const messages = answered('chris', 'x', ntlmChallenge({ nonce: NONCE, targetInfo }));
    expect(verifyNtlm(messages, 'x')).toEqual({ proof: true, signed: true });
    expect(readAnswer(messages[2]).avPairs.get(5)).toHaveLength(5000);
  });

  it('speaks no Unicode to a server that knows none', () => {
    const message = ntlmChallenge({ nonce: NONCE, flags: 2 });
    const messages = answered('CORP\\chris', 'x', message);
    expect(readAnswer(messages[2])).toMatchObject({ user: 'chris', domain: 'CORP' });
    expect(() => answered('jürgen', 'x', message)).toThrow(/takes Unicode/);
  });

  it('takes an old server’s message without target information', () => {
    const message = ntlmChallenge({ nonce: NONCE, flags: 1 }).subarray(0, 32);
    expect(verifyNtlm(answered('chris', 'x', message), 'x').proof).toBe(true);
  });
});

describe('AUTH NTLM', () => {
  const options = { auth: 'ntlm', username: 'CORP\\chris', password: 'Password' } as const;
  const sound = ntlmChallenge({ nonce: NONCE, targetInfo: [...TARGET_INFO, [7, TIMESTAMP]] });

  it.each(['+ \r\n', '+\r\n', '+OK\r\n', '+ NTLM supported\r\n'])(
    'goes on after %j',
    async (start) => {
      const { outcome, received } = await playLogin(
        { options },
        { expect: 'AUTH NTLM' },
        { send: start },
        { expect: 'TlRMTVNTUAAB' },
        challenge(sound),
        { expect: 'TlRMTVNTUAAD' },
        { send: '+OK\r\n' },
      );
      expect(outcome).toBe('NTLM');
      const [first = '', last = ''] = received.slice(1);
      const messages = [Buffer.from(first, 'base64'), sound, Buffer.from(last, 'base64')] as const;
      expect(verifyNtlm(messages, 'Password')).toEqual({ proof: true, signed: true });
    },
  );

  it('sends its first message along where the server knows only that', async () => {
    const { outcome } = await playLogin(
      { options },
      { expect: 'AUTH NTLM' },
      { send: '-ERR syntax error\r\n' },
      { expect: 'AUTH NTLM TlRMTVNTUAAB' },
      challenge(sound),
      { expect: 'TlRMTVNTUAAD' },
      { send: '+OK\r\n' },
    );
    expect(outcome).toBe('NTLM');
  });

  it.each([
    ['-ERR [AUTH] no', 'credentials'],
    ['-ERR Logon failure: unknown user name or bad password.', 'credentials'],
    ['-ERR [SYS/TEMP] later', 'system-temporary'],
  ])('%s to the proof is %s', async (reply, refusal) => {
    const { outcome } = await playLogin(
      { options },
      { expect: 'AUTH NTLM' },
      { send: '+ \r\n' },
      { expect: '' },
      challenge(sound),
      { expect: '' },
      { send: `${reply}\r\n` },
    );
    expect(outcome).toMatchObject({ kind: 'login', refusal });
  });

  const broken: readonly (readonly [string, Buffer])[] = [
    ['nothing', Buffer.alloc(0)],
    ['something else', Buffer.from('<1896.697170952@x>')],
    ['a signature and no more', sound.subarray(0, 12)],
    ['our own kind of message', patched(sound, 8, 3)],
    ['target information beyond its end', patched(sound, 44, 0xffff_fff0)],
    ['target information cut off', sound.subarray(0, sound.length - 6)],
    ['a pair longer than its list', withLength(sound, 58, 200)],
    ['a list without an end', withLength(sound, 40, -4)],
  ];

  it.each(broken)('cancels at a challenge that is %s', async (_, message) => {
    const { outcome, received } = await playLogin(
      { options },
      { expect: 'AUTH NTLM' },
      { send: '+ \r\n' },
      { expect: '' },
      challenge(message),
      { expect: '*' },
      { send: '-ERR\r\n' },
    );
    expect(outcome).toMatchObject({ kind: 'protocol', permanence: 'temporary' });
    expect(received.at(-1)).toBe('*');
  });

  it('gives way to the next mechanism where the server refuses its first, nameless message', async () => {
    const { outcome, received } = await playLogin(
      {
        options: { ...options, auth: 'auto', cleartextAllowed: true },
        capabilities: ['SASL NTLM', 'USER'],
      },
      { expect: 'AUTH NTLM' },
      { send: '+ \r\n' },
      { expect: '' },
      { send: '-ERR NTLM is out of order\r\n' },
      { expect: 'USER' },
      { send: '+OK\r\n' },
      { expect: 'PASS' },
      { send: '+OK\r\n' },
    );
    expect(outcome).toBe('USER');
    expect(received.at(-1)).toBe(`PASS ${options.password}`);
    expect(received).not.toContain(base64(options.password));
  });
});

function patched(message: Buffer, at: number, value: number): Buffer {
  const copy = Buffer.from(message);
  copy.writeUInt32LE(value, at);
  return copy;
}

/** Changes a 16-bit length by so much. */
function withLength(message: Buffer, at: number, change: number): Buffer {
  const copy = Buffer.from(message);
  copy.writeUInt16LE(copy.readUInt16LE(at) + change, at);
  return copy;
}
