import { answerBy } from '../functions/api/router.ts';
import type { ApiAnswer } from '../functions/api/problem.ts';
import { ROUTES } from '../functions/api/routes.ts';
import type { ApiDeps } from '../functions/api/routes.ts';
import { carryDue } from '../infra/local/drain.ts';
import { socketPath } from '../infra/local/data-folder.ts';
import { openEmbedded } from '../infra/local/embedded.ts';
import { Failure } from '../shared/failure.ts';
import { takeUp } from './commands/run.ts';
import { makeContext, requireSoundConfiguration } from './context.ts';
import type { CommonOptions } from './context.ts';
import { withDeployment } from './deployment/with-deployment.ts';
import { UsageError } from './exit-status.ts';
import { closingSignal } from './signals.ts';
import { askSocket } from './socket-client.ts';

/** The API as a command uses it, wherever it is answered. */
export interface ApiClient {
  /** `connector`: one runs on the data folder; `folder`: none does, and the command has the folder itself. */
  readonly where: 'connector' | 'folder' | 'deployment';
  /**
   * The document that a route answers with.
   * @throws UsageError for what the caller named wrongly
   * @throws Failure for everything else
   */
  ask(method: 'GET' | 'POST', path: string, body?: unknown): Promise<unknown>;
  /** Carries what is due now where nobody else does: on a folder. */
  carry(): Promise<void>;
}

/**
 * Answers a command by the API: of a deployment, of the connector that runs on the data folder, else from the folder
 * itself.
 * @param sends whether mail may be sent: then the server's password is needed where the folder is worked on
 */
export async function withApi<Result>(
  options: CommonOptions,
  sends: boolean,
  work: (api: ApiClient) => Promise<Result>,
): Promise<Result> {
  if (options.stage !== undefined) {
    return withDeployment(options.stage, ({ deps }) =>
      work({ where: 'deployment', ask: askRoutes(deps), carry: () => Promise.resolve() }),
    );
  }
  const socket = socketPath(options.data);
  if ((await askSocket(socket, 'GET', '/status')) !== null) {
    return work({ where: 'connector', ask: askConnector(socket), carry: () => Promise.resolve() });
  }
  return onFolder(options, sends, work);
}

async function onFolder<Result>(
  options: CommonOptions,
  sends: boolean,
  work: (api: ApiClient) => Promise<Result>,
): Promise<Result> {
  const context = makeContext(options);
  await requireSoundConfiguration(context, sends);
  const embedded = await openEmbedded(context.embedded);
  try {
    takeUp(context, await embedded.deps.settings.read());
    const carry = () => carryDue(embedded, closingSignal());
    return await work({ where: 'folder', ask: askRoutes(embedded.deps), carry });
  } finally {
    await embedded.close();
  }
}

function askRoutes(deps: ApiDeps): ApiClient['ask'] {
  return async (method, path, body) => {
    const url = new URL(path, 'http://folder');
    const text = body === undefined ? '' : JSON.stringify(body);
    const request = { method, path: url.pathname, query: url.searchParams, body: text };
    return documentOf(await answerBy(ROUTES, deps, request));
  };
}

function askConnector(socket: string): ApiClient['ask'] {
  return async (method, path, body) => {
    const answer = await askSocket(socket, method, path, body);
    if (answer === null) {
      throw new Failure('connect', 'temporary', 'the connector stopped while it was asked');
    }
    return documentOf({ status: answer.code, body: answer.body });
  };
}

function documentOf({ status, body }: ApiAnswer): unknown {
  if (status < 400) return body;
  const detail = detailOf(body) ?? `status ${status}`;
  if (status === 400 || status === 404) throw new UsageError(detail);
  throw new Failure('internal', 'temporary', detail);
}

function detailOf(body: unknown): string | null {
  if (typeof body !== 'object' || body === null || !('detail' in body)) return null;
  return typeof body.detail === 'string' ? body.detail : null;
}
