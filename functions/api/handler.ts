import type { APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';

import { apiDeps } from '../../infra/aws/runtime/api-deps.ts';
import { requestOf, responseOf } from '../../infra/aws/runtime/http-event.ts';
import { problemAnswer } from './problem.ts';
import { answerBy } from './router.ts';
import { ROUTES } from './routes.ts';

const deps = apiDeps();

/** One request of the HTTP API; who may ask was decided by IAM before. */
export async function handler(
  event: unknown,
  context: Context,
): Promise<APIGatewayProxyStructuredResultV2> {
  deps.log.invokedBy(context);
  const request = requestOf(event);
  if (request === null) return responseOf(problemAnswer(400, 'expected a request of an HTTP API'));
  const answer = await answerBy(ROUTES, deps, request);
  const { method, path } = request;
  deps.log.info('request answered', { method, path, status: answer.status });
  return responseOf(answer);
}
