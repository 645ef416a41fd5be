import { asFailure } from '../../shared/failure.ts';
import { problemAnswer } from './problem.ts';
import type { ApiAnswer } from './problem.ts';

export interface ApiRequest {
  readonly method: string;
  /** As sent, percent-encoded, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** As sent; empty where there is none. */
  readonly body: string;
}

/** What a route works on: parts of the path by name, decoded. */
export interface RouteInput {
  readonly parts: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** The JSON document of the body; undefined where there is none. */
  readonly body: unknown;
}

export interface Route<Deps> {
  readonly method: 'GET' | 'POST';
  /** `/mailboxes/{id}/fetch`. */
  readonly path: string;
  readonly answer: (deps: Deps, input: RouteInput) => Promise<ApiAnswer>;
}

/** A body that asks for a retry of a thousand messages is smaller than this. Octets. */
export const MAX_BODY_OCTETS = 64 * 1024;

/** A request that cannot be answered as it is; said by a route. */
export class BadRequest extends Error {
  override readonly name = 'BadRequest';
}

/** Answers whatever comes: a fault becomes a problem document, never an exception. */
export async function answerBy<Deps>(
  routes: readonly Route<Deps>[],
  deps: Deps,
  request: ApiRequest,
): Promise<ApiAnswer> {
  const found = routes.flatMap((route) => {
    const parts = partsOf(route.path, request.path);
    return parts === null ? [] : [{ route, parts }];
  });
  if (found.length === 0) {
    return problemAnswer(404, `no such route: ${request.method} ${request.path}`);
  }
  const chosen = found.find(({ route }) => route.method === request.method);
  if (chosen === undefined) {
    const methods = found.map(({ route }) => route.method).join(' or ');
    return problemAnswer(405, `expected ${methods} for ${request.path}, got ${request.method}`);
  }
  if (Buffer.byteLength(request.body) > MAX_BODY_OCTETS) {
    return problemAnswer(413, `expected a body of at most ${MAX_BODY_OCTETS} octets`);
  }
  try {
    const { query, body } = request;
    return await chosen.route.answer(deps, { parts: chosen.parts, query, body: documentOf(body) });
  } catch (error) {
    return answerOfFault(error);
  }
}

function answerOfFault(error: unknown): ApiAnswer {
  if (error instanceof BadRequest) return problemAnswer(400, error.message);
  const { kind, permanence, message } = asFailure(error);
  // What the caller named is not there: the only permanent fault of the settings that a request can meet.
  if (kind === 'settings' && permanence === 'permanent') return problemAnswer(404, message);
  const passes = permanence === 'temporary' && kind !== 'internal';
  return problemAnswer(passes ? 503 : 500, message);
}

/** @returns null when the path is another one */
function partsOf(pattern: string, path: string): Readonly<Record<string, string>> | null {
  const [expected, got] = [pattern.split('/'), path.split('/')];
  if (expected.length !== got.length) return null;
  const parts: Record<string, string> = {};
  for (const [index, step] of expected.entries()) {
    const text = decoded(got[index] ?? '');
    if (text === null) return null;
    if (step.startsWith('{')) {
      if (text === '') return null;
      parts[step.slice(1, -1)] = text;
    } else if (step !== text) return null;
  }
  return parts;
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

/** @throws BadRequest when the body is no JSON; its content is not repeated */
function documentOf(body: string): unknown {
  if (body.trim() === '') return undefined;
  try {
    return JSON.parse(body);
  } catch {
    throw new BadRequest('expected a JSON document as body, got something else');
  }
}
