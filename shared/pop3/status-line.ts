import { decodeServerText } from './server-text.ts';

/** A server's answer to one command: +OK, -ERR (RFC 1939 section 3), or the `+` of a SASL exchange (RFC 5034). */
export interface StatusLine {
  readonly status: 'ok' | 'error' | 'continue';
  /** Extended response code in upper case (RFC 2449 section 8, RFC 3206): `IN-USE`, `SYS/TEMP`; null without. */
  readonly code: string | null;
  /** The server's text after indicator and code, as it came: quote it before it is shown. */
  readonly text: string;
}

/** Code and text as the server wrote them; quote it before it is shown. */
export function inFull({ code, text }: StatusLine): string {
  return code === null ? text : `[${code}] ${text}`;
}

const INDICATOR = /^(\+OK|-ERR|\+)(?![^\s[:])[\s:]*/i;
const RESPONSE_CODE = /^\[([^\]\s]{1,64})\][ \t]*/;

/**
 * Reads a line without its line end; null for what is no POP3 status line.
 * @param challenge whether a SASL challenge may come: some servers leave out the space behind its `+` (MS-POP3 2.2.2)
 */
export function parseStatusLine(line: Buffer, challenge = false): StatusLine | null {
  const text = decodeServerText(line);
  const indicator = INDICATOR.exec(text);
  if (indicator === null) {
    return challenge && text.startsWith('+')
      ? { status: 'continue', code: null, text: text.slice(1) }
      : null;
  }
  const rest = text.slice(indicator[0].length);
  const status = statusOf(indicator[1]);
  if (status === 'continue') return { status, code: null, text: rest };
  const code = RESPONSE_CODE.exec(rest);
  return {
    status,
    code: code?.[1]?.toUpperCase() ?? null,
    text: code === null ? rest : rest.slice(code[0].length),
  };
}

function statusOf(indicator: string | undefined): StatusLine['status'] {
  if (indicator === '+') return 'continue';
  return indicator?.startsWith('+') === true ? 'ok' : 'error';
}
