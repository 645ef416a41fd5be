import { createServer, request as forward } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** What happens to one request instead of being passed on as it is. */
export type Meddling =
  /** Never passed on. */
  | { readonly kind: 'answer'; readonly status: number; readonly body: string }
  /** Passed on; the answer breaks off after so many octets of its body. */
  | { readonly kind: 'cut'; readonly after: number }
  /** Passed on and done; nobody learns of it. */
  | { readonly kind: 'lose-answer' }
  | {
      readonly kind: 'rewrite';
      readonly request: (body: string) => string;
      readonly answer: (body: string) => string;
    };

export interface SeenRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  /** Of the services that speak JSON: `AmazonSQS.SendMessageBatch`. */
  readonly target: string;
}

export interface MeddlingProxy {
  readonly endpoint: string;
  readonly seen: SeenRequest[];
  /** Asked for each request; null passes it on. */
  meddle: (request: SeenRequest) => Meddling | null;
  close(): Promise<void>;
}

/** Stands between an SDK client and MiniStack, and does what a network and a busy service do now and then. */
export async function startMeddlingProxy(endpoint: string): Promise<MeddlingProxy> {
  const seen: SeenRequest[] = [];
  const server = createServer((request, response) => {
    const one = seenRequest(request);
    seen.push(one);
    // The client went away in the middle, as it does after an upload that broke off.
    handle(endpoint, request, response, proxy.meddle(one)).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const proxy: MeddlingProxy = {
    endpoint: `http://127.0.0.1:${port}`,
    seen,
    meddle: () => null,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
  return proxy;
}

function seenRequest({ method = '', url = '', headers }: IncomingMessage): SeenRequest {
  const target = headers['x-amz-target'];
  return { method, path: url, target: typeof target === 'string' ? target : '' };
}

async function handle(
  endpoint: string,
  request: IncomingMessage,
  response: ServerResponse,
  meddling: Meddling | null,
): Promise<void> {
  const body = await buffer(request);
  if (meddling?.kind === 'answer') {
    response.writeHead(meddling.status, { 'content-type': 'application/xml' }).end(meddling.body);
    return;
  }
  const isRewritten = meddling?.kind === 'rewrite';
  const sent = isRewritten ? Buffer.from(meddling.request(body.toString())) : body;
  const answer = await passOn(endpoint, request, sent);
  if (meddling?.kind === 'lose-answer') {
    response.destroy();
    return;
  }
  const got = isRewritten ? Buffer.from(meddling.answer(answer.body.toString())) : answer.body;
  const headers = isRewritten
    ? { ...answer.headers, 'content-length': String(got.length) }
    : answer.headers;
  response.writeHead(answer.status, headers);
  if (meddling?.kind === 'cut') {
    response.write(got.subarray(0, meddling.after), () => response.destroy());
  } else response.end(got);
}

async function passOn(
  endpoint: string,
  { method, url, headers }: IncomingMessage,
  body: Buffer,
): Promise<{ status: number; headers: IncomingMessage['headers']; body: Buffer }> {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    // In one piece, so that its length is given: beside a transfer coding it would be an error (RFC 9112 section 6.2).
    const sent = { ...headers, 'content-length': String(body.length) };
    delete sent['transfer-encoding'];
    forward(new URL(url ?? '/', endpoint), { method, headers: sent }, resolve)
      .once('error', reject)
      .end(body);
  });
  return {
    status: answer.statusCode ?? 500,
    headers: answer.headers,
    body: await buffer(answer),
  };
}
