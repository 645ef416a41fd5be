import { z } from 'zod';

import { Failure } from '../shared/failure.ts';

// Not by an import: that would load half of what Node has for the web, for every command.
const { request } = process.getBuiltinModule('node:http');

export interface SocketAnswer {
  readonly code: number;
  readonly body: unknown;
}

/** The last two: a path too long for a socket, where no connector can listen. */
const NOBODY_THERE = new Set(['ENOENT', 'ECONNREFUSED', 'ENOTDIR', 'EINVAL', 'ENAMETOOLONG']);
const problemDocument = z.object({ detail: z.string() });

/**
 * Asks the connector that runs on this data folder.
 * @param document the body, for JSON
 * @returns null when none does
 */
export function askSocket(
  socketPath: string,
  method: 'GET' | 'POST',
  path: string,
  document?: unknown,
): Promise<SocketAnswer | null> {
  return new Promise((resolve, reject) => {
    const asking = request({ socketPath, method, path }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        resolve({ code: response.statusCode ?? 0, body: parse(Buffer.concat(chunks)) });
      });
    });
    asking.on('error', (error: NodeJS.ErrnoException) => {
      if (NOBODY_THERE.has(error.code ?? '')) resolve(null);
      else reject(error);
    });
    asking.end(document === undefined ? undefined : JSON.stringify(document));
  });
}

/** @throws Failure with the connector's own words when it refused: `settings` for what it does not know */
export function acceptedBody(answer: SocketAnswer): unknown {
  if (answer.code < 400) return answer.body;
  const problem = problemDocument.safeParse(answer.body);
  const words = problem.success ? problem.data.detail : `status ${answer.code}`;
  const refused = `the running connector refused: ${words}`;
  if (answer.code === 404) throw new Failure('settings', 'permanent', refused);
  throw new Failure('internal', 'temporary', refused);
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return null;
  }
}
