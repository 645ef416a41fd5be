import { chmod, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';

import { requestFetchNow } from '../../functions/api/request-fetch.ts';
import { status } from '../../functions/api/status.ts';
import { asFailure, Failure } from '../../shared/failure.ts';
import type { Embedded } from './embedded.ts';

/** `sun_path` of unix(7) less its NUL, on the systems where it is shortest. */
const SOCKET_PATH_OCTETS = 103;
const MAILBOX_FETCH = /^\/mailboxes\/([^/]+)\/fetch$/;

/**
 * The HTTP API on a unix socket in the data folder, for the other commands on this machine. The same routes as the
 * deployed API: `GET /status`, `POST /fetch`, `POST /mailboxes/{id}/fetch` (202). Errors are problem+json (RFC 9457).
 * @throws Failure `settings`, permanent, when the folder's path is too long for a socket in it
 */
export async function listenOnSocket(embedded: Embedded): Promise<Server> {
  const path = embedded.folder.socket;
  requireShortPath(path);
  // What lies there is a dead owner's: this process has the folder.
  await rm(path, { force: true });
  const server = createServer((request, response) => {
    respond(embedded, request).then(
      ({ code, body }) => {
        send(response, code, body);
      },
      (error: unknown) => {
        const failure = asFailure(error);
        const code = failure.kind === 'settings' ? 404 : 500;
        send(response, code, problem(code, failure.message));
      },
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  await chmod(path, 0o600);
  return server;
}

/** The system's own words for it are "invalid argument". */
function requireShortPath(path: string): void {
  const octets = Buffer.byteLength(path);
  if (octets <= SOCKET_PATH_OCTETS) return;
  throw new Failure(
    'settings',
    'permanent',
    `data folder: expected a path short enough for a socket in it (${SOCKET_PATH_OCTETS} octets), got ${octets} octets: ${path}`,
  );
}

export async function closeSocket(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
  });
  server.closeAllConnections();
  await closed;
}

interface Answer {
  readonly code: number;
  readonly body: unknown;
}

async function respond(embedded: Embedded, request: IncomingMessage): Promise<Answer> {
  const route = `${request.method ?? ''} ${request.url ?? ''}`;
  if (route === 'GET /status') return { code: 200, body: await status(embedded.deps) };
  const ids = fetchedIds(route);
  if (ids === null) return { code: 404, body: problem(404, `no such route: ${route}`) };
  const requestedAt = new Date(embedded.deps.clock.now()).toISOString();
  const runs = await requestFetchNow(embedded.deps, ids);
  const mailboxes = runs.map(({ mailbox }) => mailbox);
  return { code: 202, body: { mailboxes, requestedAt, runs } };
}

/** @returns the mailboxes asked for, none for all; null when the route is another */
function fetchedIds(route: string): readonly string[] | null {
  if (route === 'POST /fetch') return [];
  if (!route.startsWith('POST ')) return null;
  const match = MAILBOX_FETCH.exec(route.slice('POST '.length));
  const id = match?.[1];
  if (id === undefined) return null;
  try {
    return [decodeURIComponent(id)];
  } catch {
    return null;
  }
}

function problem(code: number, detail: string): unknown {
  return { type: 'about:blank', status: code, title: detail, detail };
}

function send(response: ServerResponse, code: number, body: unknown): void {
  const type = code < 400 ? 'application/json' : 'application/problem+json';
  response.writeHead(code, { 'content-type': type });
  response.end(`${JSON.stringify(body)}\n`);
}
