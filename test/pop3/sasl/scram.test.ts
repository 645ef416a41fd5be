import { describe, expect, it } from 'vitest';

import { SCRAM_ITERATIONS } from '../../../shared/limits.ts';
import { scram } from '../../../shared/pop3/sasl/scram.ts';
import type { DialogueStep } from '../../support/scripted-dialogue.ts';
import { base64, challenge, playLogin } from '../../support/login-dialogue.ts';
import type { PlayedLogin } from '../../support/login-dialogue.ts';

/** The exchanges of RFC 5802 section 5 and RFC 7677 section 3. */
const EXAMPLES = {
  sha1: {
    nonce: 'fyko+d2lbbFgONRv9qkxdawL',
    serverFirst: 'r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096',
    clientFinal:
      'c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=',
    serverFinal: 'v=rmF9pqV8S7suAoZWja4dJRkFsKQ=',
  },
  sha256: {
    nonce: 'rOprNGfwEbeRWgbNEkqO',
    serverFirst:
      'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
    clientFinal:
      'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
    serverFinal: 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
  },
} as const;

const random = (nonce: string) => () => Buffer.from(nonce, 'base64');

describe.each(['sha1', 'sha256'] as const)('SCRAM by %s', (hash) => {
  const example = EXAMPLES[hash];
  const mechanism = hash === 'sha1' ? 'SCRAM-SHA-1' : 'SCRAM-SHA-256';
  const auth = hash === 'sha1' ? 'scram-sha-1' : 'scram-sha-256';
  const first = `n,,n=user,r=${example.nonce}`;

  function play(...steps: readonly DialogueStep[]): Promise<PlayedLogin> {
    const login = { auth, username: 'user', password: 'pencil' } as const;
    const options = { ...login, randomOctets: random(example.nonce) };
    return playLogin(
      { options },
      { expect: `AUTH ${mechanism}` },
      { send: '+ \r\n' },
      { expect: base64(first) },
      ...steps,
    );
  }

  it('goes through the example of its RFC', async () => {
    const { outcome, received } = await play(
      challenge(example.serverFirst),
      { expect: base64(example.clientFinal) },
      challenge(example.serverFinal),
      { expect: '' },
      { send: '+OK\r\n' },
    );
    expect(outcome).toBe(mechanism);
    expect(received).toEqual([`AUTH ${mechanism}`, base64(first), base64(example.clientFinal), '']);
  });

  it('takes no server for genuine whose signature is wrong', async () => {
    const forged = `v=${Buffer.alloc(hash === 'sha1' ? 20 : 32).toString('base64')}`;
    const { outcome, received } = await play(
      challenge(example.serverFirst),
      { expect: '' },
      challenge(forged),
      { expect: '*' },
      { send: '-ERR\r\n' },
    );
    expect(outcome).toMatchObject({ kind: 'login', permanence: 'permanent' });
    expect(outcome).not.toHaveProperty('refusal');
    expect(String(outcome)).toContain('prove that it knows the password');
    expect(received.at(-1)).toBe('*');
  });

  it('takes +OK without a signature for no login', async () => {
    const { outcome } = await play(
      challenge(example.serverFirst),
      { expect: '' },
      { send: '+OK\r\n' },
    );
    expect(outcome).toMatchObject({ kind: 'login', permanence: 'permanent' });
  });

  it.each([
    ['another nonce', 'r=other,s=QSXCR+Q6sek8bf92,i=4096', /nonce that goes on from ours/],
    [
      'our nonce and nothing of its own',
      `r=${example.nonce},s=QSXCR+Q6sek8bf92,i=4096`,
      /nonce that goes on from ours/,
    ],
    ['few iterations', `r=${example.nonce}x,s=QSXCR+Q6sek8bf92,i=4095`, /got 4095/],
    [
      'endless work',
      `r=${example.nonce}x,s=QSXCR+Q6sek8bf92,i=${SCRAM_ITERATIONS.most + 1}`,
      /iterations, got/,
    ],
    ['no count', `r=${example.nonce}x,s=QSXCR+Q6sek8bf92,i=0`, /expected r=, s= and i=/],
    [
      'an extension that has to be understood',
      `m=x,r=${example.nonce}x,s=QSXCR+Q6sek8bf92,i=4096`,
      /expected r=, s= and i=/,
    ],
    ['nothing of it', '', /expected r=, s= and i=/],
  ])('cancels at a challenge with %s, and proves nothing', async (_, asked, words) => {
    const { outcome, received } = await play(
      challenge(asked),
      { expect: '*' },
      { send: '-ERR\r\n' },
    );
    expect(outcome).toMatchObject({ kind: 'protocol', permanence: 'temporary' });
    expect(String(outcome)).toMatch(words);
    expect(received.slice(2)).toEqual(['*']);
  });

  it.each([
    [
      'for the proof',
      [challenge(example.serverFirst), { expect: '' }, { send: '-ERR [AUTH] no\r\n' }],
    ],
    [
      'with e= before it',
      [
        challenge(example.serverFirst),
        { expect: '' },
        challenge('e=invalid-proof'),
        { expect: '' },
        { send: '-ERR no\r\n' },
      ],
    ],
    ['for the user name', [{ send: '-ERR no such user\r\n' }]],
  ])('-ERR %s is a wrong secret', async (_, steps) => {
    const { outcome } = await play(...steps);
    expect(outcome).toMatchObject({ kind: 'login', refusal: 'credentials' });
  });

  it('-ERR [SYS/TEMP] is none', async () => {
    const { outcome } = await play(
      challenge(example.serverFirst),
      { expect: '' },
      { send: '-ERR [SYS/TEMP] later\r\n' },
    );
    expect(outcome).toMatchObject({ refusal: 'system-temporary', permanence: 'temporary' });
  });

  it('takes +OK after e= for no login', async () => {
    const { outcome } = await play(
      challenge(example.serverFirst),
      { expect: '' },
      challenge('e=other-error'),
      { expect: '' },
      { send: '+OK\r\n' },
    );
    expect(outcome).toMatchObject({ kind: 'login', permanence: 'permanent' });
  });
});

describe('names and passwords in SCRAM', () => {
  const first = async (username: string, password = 'pencil') => {
    const client = await scram('sha256', username, password, random('AAAA'));
    return client.initial.toString('utf8');
  };

  it.each([
    ['a,b=c', 'n,,n=a=2Cb=3Dc,r=AAAA'],
    // RFC 4013 section 3.
    ['I\u00adX', 'n,,n=IX,r=AAAA'],
    ['USER', 'n,,n=USER,r=AAAA'],
    ['\u00aa', 'n,,n=a,r=AAAA'],
    ['\u2168', 'n,,n=IX,r=AAAA'],
    ['a\u00a0b', 'n,,n=a b,r=AAAA'],
    // Forbidden by SASLprep, and taken as it is.
    ['\u06271', 'n,,n=\u06271,r=AAAA'],
  ])('%j is sent as %j', async (username, expected) => {
    expect(await first(username)).toBe(expected);
  });

  it('proves the prepared password', async () => {
    const proof = async (password: string) => {
      const client = await scram('sha256', 'user', password, random('AAAA'));
      const answer = await client.respond(Buffer.from('r=AAAAx,s=QSXCR+Q6sek8bf92,i=4096'));
      return answer.toString('utf8');
    };
    expect(await proof('I\u00adX')).toBe(await proof('IX'));
    expect(await proof('\u2168')).toBe(await proof('IX'));
    expect(await proof('ix')).not.toBe(await proof('IX'));
  });
});
