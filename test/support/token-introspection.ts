import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface TokenIntrospection {
  readonly url: string;
  /** From now on this token is this user's; null: it is revoked. */
  grant(token: string, user: string | null): void;
  close(): Promise<void>;
}

/** A token introspection endpoint (RFC 7662) on a free port of 127.0.0.1, which a POP3 server asks. */
export async function startTokenIntrospection(
  tokens: Readonly<Record<string, string>>,
): Promise<TokenIntrospection> {
  const users = new Map(Object.entries(tokens));
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const form = new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
      const username = users.get(form.get('token') ?? '');
      const active = username !== undefined;
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(active ? { active, username, scope: 'mail' } : { active }));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/introspect`,
    grant: (token, user) => {
      if (user === null) users.delete(token);
      else users.set(token, user);
    },
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
