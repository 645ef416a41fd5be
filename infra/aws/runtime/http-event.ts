import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import * as z from 'zod';

import { contentTypeOf } from '../../../functions/api/problem.ts';
import type { ApiAnswer } from '../../../functions/api/problem.ts';
import type { ApiRequest } from '../../../functions/api/router.ts';

/** The part of a request that is used: payload format 2.0 of an HTTP API. */
const httpEvent = z.object({
  rawPath: z.string(),
  rawQueryString: z.optional(z.string()),
  body: z.optional(z.string()),
  isBase64Encoded: z.optional(z.boolean()),
  requestContext: z.object({ http: z.object({ method: z.string() }) }),
});

/** @returns null when the event is not one of an HTTP API */
export function requestOf(event: unknown): ApiRequest | null {
  const parsed = httpEvent.safeParse(event);
  if (!parsed.success) return null;
  const {
    rawPath: path,
    rawQueryString = '',
    body = '',
    isBase64Encoded,
    requestContext,
  } = parsed.data;
  return {
    method: requestContext.http.method,
    path,
    query: new URLSearchParams(rawQueryString),
    body: isBase64Encoded === true ? Buffer.from(body, 'base64').toString('utf8') : body,
  };
}

export function responseOf(answer: ApiAnswer): APIGatewayProxyStructuredResultV2 {
  return {
    statusCode: answer.status,
    headers: { 'content-type': contentTypeOf(answer), 'cache-control': 'no-store' },
    body: `${JSON.stringify(answer.body)}\n`,
  };
}
