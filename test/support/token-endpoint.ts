import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

/** What a token endpoint answers; `silent` never does. */
export type TokenAnswer =
  | { readonly status?: number; readonly json: unknown }
  | {
      readonly status: number;
      readonly text?: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | 'silent';

export interface ScriptedTokenEndpoint {
  readonly url: string;
  /** The forms received, in order. */
  readonly forms: readonly Readonly<Record<string, string>>[];
  /** From now on. */
  answer(answers: (form: Readonly<Record<string, string>>) => TokenAnswer): void;
  close(): Promise<void>;
}

/** A token endpoint (RFC 6749 section 3.2) on a free port of 127.0.0.1, which plays what the test says. */
export async function startTokenEndpoint(
  answers: (form: Readonly<Record<string, string>>) => TokenAnswer,
  tls?: { readonly key: string; readonly cert: string },
): Promise<ScriptedTokenEndpoint> {
  const forms: Readonly<Record<string, string>>[] = [];
  let current = answers;
  const respond = (request: IncomingMessage, response: ServerResponse): void => {
    void readForm(request).then((form) => {
      forms.push(form);
      send(response, current(form));
    });
  };
  const server = tls === undefined ? createServer(respond) : createTlsServer(tls, respond);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const origin = tls === undefined ? `http://127.0.0.1:${port}` : `https://localhost:${port}`;
  return {
    url: `${origin}/token`,
    forms,
    answer: (next) => {
      current = next;
    },
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function readForm(request: IncomingMessage): Promise<Readonly<Record<string, string>>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString('utf8')));
}

function send(response: ServerResponse, answer: TokenAnswer): void {
  if (answer === 'silent') return;
  const isJson = 'json' in answer;
  const headers = isJson ? { 'content-type': 'application/json' } : (answer.headers ?? {});
  response.writeHead(answer.status ?? 200, headers);
  response.end(isJson ? JSON.stringify(answer.json) : (answer.text ?? ''));
}
