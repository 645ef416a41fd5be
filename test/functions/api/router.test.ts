import { describe, expect, test } from 'vitest';

import { contentTypeOf } from '../../../functions/api/problem.ts';
import { answerBy, BadRequest, MAX_BODY_OCTETS } from '../../../functions/api/router.ts';
import type { Route } from '../../../functions/api/router.ts';
import { Failure } from '../../../shared/failure.ts';

const ROUTES: readonly Route<null>[] = [
  { method: 'GET', path: '/things', answer: (_, { query }) => echo(query.get('query')) },
  {
    method: 'POST',
    path: '/things/{id}/retry',
    answer: (_, { parts, body }) => echo([parts, body]),
  },
  { method: 'POST', path: '/broken', answer: () => Promise.reject(new Error('out of order')) },
  { method: 'POST', path: '/bad', answer: () => Promise.reject(new BadRequest('expected a list')) },
  {
    method: 'POST',
    path: '/unknown',
    answer: () => Promise.reject(new Failure('settings', 'permanent', 'expected sales, got x')),
  },
  {
    method: 'POST',
    path: '/later',
    answer: () => Promise.reject(new Failure('ledger', 'temporary', 'the ledger is busy')),
  },
];

function echo(body: unknown) {
  return Promise.resolve({ status: 200, body });
}

function ask(method: string, address: string, body = '') {
  const [path = '', query = ''] = address.split('?');
  return answerBy(ROUTES, null, { method, path, query: new URLSearchParams(query), body });
}

describe('a request', () => {
  test('finds its route, with the parts of the path and the query decoded', async () => {
    expect(await ask('GET', '/things?query=%3Ca%40b%3E')).toEqual({ status: 200, body: '<a@b>' });
    expect(await ask('POST', '/things/sales%2F0f/retry', '{"rules":"current"}')).toEqual({
      status: 200,
      body: [{ id: 'sales/0f' }, { rules: 'current' }],
    });
    expect(await ask('POST', '/things/a/retry')).toEqual({
      status: 200,
      body: [{ id: 'a' }, undefined],
    });
  });

  test.each([
    ['an unknown route', 'GET', '/nothing', '', 404, 'no such route: GET /nothing'],
    ['an empty part', 'POST', '/things//retry', '', 404, 'no such route'],
    ['a part that is no text', 'POST', '/things/%ff/retry', '', 404, 'no such route'],
    ['another method', 'DELETE', '/things', '', 405, 'expected GET for /things, got DELETE'],
    ['a body that is no JSON', 'POST', '/things/a/retry', '{', 400, 'expected a JSON document'],
    [
      'a body too large',
      'POST',
      '/things/a/retry',
      'x'.repeat(MAX_BODY_OCTETS + 1),
      413,
      'at most',
    ],
    ['what a route refuses', 'POST', '/bad', '', 400, 'expected a list'],
    ['what is not configured', 'POST', '/unknown', '', 404, 'expected sales, got x'],
    ['a fault that passes', 'POST', '/later', '', 503, 'the ledger is busy'],
    ['a fault that nobody expected', 'POST', '/broken', '', 500, 'out of order'],
  ])('with %s gets a problem document', async (_, method, path, body, status, detail) => {
    const answer = await ask(method, path, body);
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({ type: 'about:blank', status });
    expect((answer.body as { detail: string }).detail).toContain(detail);
    expect(contentTypeOf(answer)).toBe('application/problem+json');
  });
});
