import { afterEach, describe, expect, it, vi } from 'vitest';

import { systemClock } from '../../shared/clock.ts';
import { TOKEN_ANSWER_OCTETS } from '../../shared/limits.ts';
import { postForm } from '../../shared/oauth/token-endpoint.ts';
import { certificates } from '../support/certificates.ts';
import { rejection } from '../support/open-maildrop.ts';
import { startTokenEndpoint } from '../support/token-endpoint.ts';
import type { ScriptedTokenEndpoint, TokenAnswer } from '../support/token-endpoint.ts';

const endpoints: ScriptedTokenEndpoint[] = [];

async function serve(
  answer: TokenAnswer,
  tls?: { key: string; cert: string },
): Promise<ScriptedTokenEndpoint> {
  const endpoint = await startTokenEndpoint(() => answer, tls);
  endpoints.push(endpoint);
  return endpoint;
}

afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all(endpoints.splice(0).map((endpoint) => endpoint.close()));
});

const FORM = new URLSearchParams({ refresh_token: 'r+/= &' });

function post(url: string, within = 20_000, signal = new AbortController().signal) {
  return postForm(systemClock)(url, FORM, { deadline: systemClock.now() + within, signal });
}

describe('a request to a token endpoint', () => {
  it('posts the form and gives the answer as it came', async () => {
    const endpoint = await serve({ status: 400, text: '{"error":"x"}' });
    expect(await post(endpoint.url)).toEqual({ status: 400, text: '{"error":"x"}' });
    expect(endpoint.forms).toEqual([{ refresh_token: 'r+/= &' }]);
  });

  it('follows no redirect, which would take the secrets along', async () => {
    const elsewhere = await serve({ json: { access_token: 'stolen' } });
    const headers = { location: elsewhere.url };
    const endpoint = await serve({ status: 307, headers });
    expect(await post(endpoint.url)).toEqual({ status: 307, text: '' });
    expect(elsewhere.forms).toEqual([]);
  });

  it('reads no endless answer', async () => {
    const endpoint = await serve({ status: 200, text: 'x'.repeat(TOKEN_ANSWER_OCTETS + 1) });
    expect(await rejection(post(endpoint.url))).toMatchObject({
      kind: 'protocol',
      permanence: 'temporary',
    });
  });

  it('waits no longer than the run may last', async () => {
    const endpoint = await serve('silent');
    expect(await rejection(post(endpoint.url, 100))).toMatchObject({
      kind: 'timeout',
      permanence: 'temporary',
    });
    expect(await rejection(post(endpoint.url, 0))).toMatchObject({ kind: 'timeout' });
    expect(endpoint.forms).toHaveLength(1);
  });

  it('ends when it is called off', async () => {
    const endpoint = await serve('silent');
    const ending = new AbortController();
    const posting = post(endpoint.url, 20_000, ending.signal);
    ending.abort();
    expect(await rejection(posting)).toMatchObject({ kind: 'timeout' });
    expect(await rejection(post(endpoint.url, 20_000, ending.signal))).toMatchObject({
      kind: 'timeout',
    });
  });

  it('waits for the next run where nobody answers', async () => {
    const endpoint = await serve('silent');
    await endpoints.pop()?.close();
    const error = await rejection(post(endpoint.url));
    expect(error).toMatchObject({ kind: 'connect', permanence: 'temporary' });
    expect(String(error)).toContain('token endpoint 127.0.0.1');
  });
});

describe('a token endpoint by TLS', () => {
  it.each(['good', 'wrongName', 'expired', 'selfSigned'] as const)(
    'with the certificate %s of an unknown authority gets no secret',
    async (name) => {
      // What turns the check of `fetch` off.
      vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
      const endpoint = await serve({ json: {} }, certificates[name]);
      expect(await rejection(post(endpoint.url))).toMatchObject({
        kind: 'tls',
        permanence: 'permanent',
      });
      expect(endpoint.forms).toEqual([]);
    },
  );
});
