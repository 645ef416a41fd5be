import { chmod, rm } from 'node:fs/promises';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';

import { contentTypeOf, problemAnswer } from '../../functions/api/problem.ts';
import type { ApiAnswer } from '../../functions/api/problem.ts';
import type { LookDeps } from '../../functions/api/look/mailbox-look.ts';
import { answerBy, MAX_BODY_OCTETS } from '../../functions/api/router.ts';
import type { Route } from '../../functions/api/router.ts';
import { ROUTES } from '../../functions/api/routes.ts';
import type { ApiDeps } from '../../functions/api/routes.ts';
import { asFailure, Failure } from '../../shared/failure.ts';
import type { Embedded } from './embedded.ts';
import { LOOK_ROUTES } from './look-routes.ts';

// An import of node:http reads all that it exports, and with its WebSocket loads half of what Node has for the web.
const { createServer } = process.getBuiltinModule('node:http');

/** `sun_path` of unix(7) less its NUL, on the systems where it is shortest. */
const SOCKET_PATH_OCTETS = 103;

/**
 * The HTTP API on a unix socket in the data folder, for the other commands on this machine. The same routes as the
 * deployed API ({@link ROUTES}), and those that look at mailboxes.
 * @throws Failure `settings`, permanent, when the folder's path is too long for a socket in it
 */
export async function listenOnSocket(embedded: Embedded): Promise<Server> {
  const path = embedded.folder.socket;
  requireShortPath(path);
  // What lies there is a dead owner's: this process has the folder.
  await rm(path, { force: true });
  const server = createServer((request, response) => {
    respond(embedded.deps, request).then(
      (answer) => {
        send(response, answer);
      },
      (error: unknown) => {
        send(response, problemAnswer(500, asFailure(error).message));
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

/** What this machine's connector answers beside what the deployed API does. */
const ALL_ROUTES: readonly Route<ApiDeps & LookDeps>[] = [...ROUTES, ...LOOK_ROUTES];

async function respond(deps: ApiDeps & LookDeps, request: IncomingMessage): Promise<ApiAnswer> {
  const url = new URL(request.url ?? '/', 'http://socket');
  const { pathname: path, searchParams: query } = url;
  const body = await bodyOf(request);
  return answerBy(ALL_ROUTES, deps, { method: request.method ?? '', path, query, body });
}

/** No more than one octet above what the router takes: it refuses that, and the rest need not be kept. */
async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let octets = 0;
  for await (const chunk of request) {
    if (octets > MAX_BODY_OCTETS) continue;
    chunks.push(chunk as Buffer);
    octets += (chunk as Buffer).length;
  }
  return Buffer.concat(chunks).toString('utf8');
}

function send(response: ServerResponse, answer: ApiAnswer): void {
  response.writeHead(answer.status, { 'content-type': contentTypeOf(answer) });
  response.end(`${JSON.stringify(answer.body)}\n`);
}
