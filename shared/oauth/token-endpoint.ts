import type { ClientRequest, IncomingMessage } from 'node:http';

import type { Clock } from '../clock.ts';
import { Failure } from '../failure.ts';
import { TOKEN_ANSWER_OCTETS, TOKEN_REQUEST_MS } from '../limits.ts';
import { socketFailure } from '../pop3/socket-failure.ts';
import type { TokenBounds } from './access-tokens.ts';
import type { EndpointAnswer } from './token-answer.ts';

/** Sends a form to a token endpoint. @throws Failure `connect`, `tls`, `timeout` or `protocol` */
export type PostForm = (
  url: string,
  form: URLSearchParams,
  bounds: TokenBounds,
) => Promise<EndpointAnswer>;

/**
 * Posts by `node:https`, which follows no redirect, and whose certificate check no variable of the environment can
 * turn off here, as NODE_TLS_REJECT_UNAUTHORIZED does for `fetch`.
 */
export function postForm(clock: Clock): PostForm {
  return async (url, form, bounds) => {
    const place = new URL(url).host;
    const time = Math.min(TOKEN_REQUEST_MS, bounds.deadline - clock.now());
    if (time <= 0 || bounds.signal.aborted) throw timeout(place, 'was not asked, no time was left');
    const ended = new AbortController();
    const end = (): void => {
      ended.abort();
    };
    const timer = setTimeout(end, time);
    bounds.signal.addEventListener('abort', end, { once: true });
    try {
      return await post(url, form, ended.signal);
    } catch (error) {
      if (ended.signal.aborted)
        throw timeout(place, `did not answer in ${time} ms, or was called off`);
      throw error;
    } finally {
      clearTimeout(timer);
      bounds.signal.removeEventListener('abort', end);
    }
  };
}

async function post(
  url: string,
  form: URLSearchParams,
  signal: AbortSignal,
): Promise<EndpointAnswer> {
  // Importing them costs every start some 40 ms, and few have OAuth.
  const { request: requestInClear } = await import('node:http');
  const { request: requestByTls } = await import('node:https');
  const isSecure = url.startsWith('https:');
  const { host } = new URL(url);
  const body = Buffer.from(form.toString(), 'utf8');
  const options = {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': body.length,
      accept: 'application/json',
    },
    signal,
  };
  return new Promise((resolve, reject) => {
    const request = isSecure
      ? requestByTls(url, { ...options, rejectUnauthorized: true, minVersion: 'TLSv1.2' })
      : requestInClear(url, options);
    const securing = isSecure ? handshakeOf(request) : () => false;
    request.once('error', (error) => {
      reject(socketFailure(error, `token endpoint ${host}`, securing()));
    });
    request.once('response', (response) => {
      readText(response, host).then((text) => {
        resolve({ status: response.statusCode ?? 0, text });
      }, reject);
    });
    request.end(body);
  });
}

/** Tells whether the TLS handshake is under way, so that a bad certificate is not taken for a lost line. */
function handshakeOf(request: ClientRequest): () => boolean {
  let securing = false;
  request.once('socket', (socket) => {
    socket.once('connect', () => {
      securing = true;
    });
    socket.once('secureConnect', () => {
      securing = false;
    });
  });
  return () => securing;
}

async function readText(response: IncomingMessage, host: string): Promise<string> {
  const chunks: Buffer[] = [];
  let octets = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      octets += chunk.length;
      if (octets > TOKEN_ANSWER_OCTETS) throw tooLong(host);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof Failure || !(error instanceof Error)) throw error;
    throw socketFailure(error, `token endpoint ${host}`, false);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function tooLong(host: string): Failure {
  return new Failure(
    'protocol',
    'temporary',
    `expected at most ${TOKEN_ANSWER_OCTETS} octets from token endpoint ${host}, got more`,
  );
}

function timeout(host: string, what: string): Failure {
  return new Failure('timeout', 'temporary', `token endpoint ${host} ${what}`);
}
