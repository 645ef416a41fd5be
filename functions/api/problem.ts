/** What an HTTP request is answered with. */
export interface ApiAnswer {
  readonly status: number;
  /** A document for JSON; with a status of 400 and above a {@link ProblemDocument}. */
  readonly body: unknown;
}

/** `application/problem+json` (RFC 9457 section 3.1). */
export interface ProblemDocument {
  readonly type: 'about:blank';
  readonly status: number;
  readonly title: string;
  /** In words, for people: what was expected and what was got. */
  readonly detail: string;
}

/** The reason phrases of RFC 9110 section 15, as RFC 9457 section 4.2.1 wants them for `about:blank`. */
const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  413: 'Content Too Large',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

export function problemAnswer(status: number, detail: string): ApiAnswer {
  const title = TITLES[status] ?? 'Error';
  const body: ProblemDocument = { type: 'about:blank', status, title, detail };
  return { status, body };
}

export function contentTypeOf({ status }: ApiAnswer): string {
  return status < 400 ? 'application/json' : 'application/problem+json';
}
