import { faultOfAuthorities, isPem } from './certificate-authority.ts';
import { HOST_FORM, isLoopback, parseHost, parseServerName } from './host-name.ts';
import type { Place } from './problem.ts';
import { isComplete, warning, wrong } from './schema-fields.ts';
import type { Fields } from './schema-fields.ts';
import { choice, flag, lineOfText, optional, orElse, scalar, wholeNumber } from './schema-value.ts';
import type { Problem, Transport } from './settings.ts';

/** What reading the configuration may ask for. */
export interface SchemaContext {
  /** Text of a file that the configuration names; throws an Error when it cannot be read. Absent: no files here. */
  readonly readFile?: ((path: string) => string) | undefined;
}

const FINGERPRINT = /^[0-9a-f]{64}$/;

/** SHA-256 of a certificate as `openssl x509 -fingerprint -sha256` prints it, or without colons. */
function parseFingerprint(value: unknown): string | null {
  if (typeof value !== 'string') return null;
  const digits = value.replaceAll(':', '').toLowerCase();
  return FINGERPRINT.test(digits) ? digits : null;
}

const certificates = scalar('the name of a PEM file', (value) =>
  typeof value === 'string' && value !== '' && !value.includes('\0') ? value : null,
);

/** The fields that a mailbox and the SMTP server share; they differ in the default of `tls`. */
export function transportShape(defaultTls: Transport['tls']) {
  return {
    host: scalar(HOST_FORM, parseHost),
    port: optional(wholeNumber(1, 65_535)),
    tls: orElse(choice(['implicit', 'starttls', 'none']), defaultTls),
    allowCleartext: orElse(flag, false),
    ca: optional(certificates),
    fingerprint: optional(
      scalar('a SHA-256 fingerprint: 64 hexadecimal digits, colons allowed', parseFingerprint),
    ),
    serverName: optional(scalar('the name that the certificate is for', parseServerName)),
    username: lineOfText,
  } as const;
}

type TransportFields = Omit<Fields<ReturnType<typeof transportShape>>, 'username'>;

/** Ports without and with TLS from the first byte on. */
export interface DefaultPorts {
  readonly clear: number;
  readonly implicit: number;
}

/**
 * Checks what holds between the fields, and builds the transport.
 *
 * @returns null when something was wrong, here or in the fields
 */
export function readTransport(
  fields: TransportFields,
  place: Place,
  ports: DefaultPorts,
  context: SchemaContext,
  problems: Problem[],
): Transport | null {
  const ca = readAuthorities(fields.ca, [...place, 'ca'], context, problems);
  const { host, tls, allowCleartext } = fields;
  const mayBeClear = allowCleartext === true || (host !== undefined && isLoopback(host));
  if (tls === 'none') checkClearText(fields, mayBeClear, place, problems);
  const whole = { ...fields, ca };
  if (!isComplete(whole) || (whole.tls === 'none' && !mayBeClear)) return null;
  return {
    host: whole.host,
    port: whole.port ?? (whole.tls === 'implicit' ? ports.implicit : ports.clear),
    tls: whole.tls,
    allowCleartext: mayBeClear,
    ca: whole.ca,
    fingerprint: whole.fingerprint,
    ...(whole.serverName === null ? {} : { serverName: whole.serverName }),
  };
}

function checkClearText(
  fields: TransportFields,
  mayBeClear: boolean,
  place: Place,
  problems: Problem[],
): void {
  // A wrong host or flag is reported already; what it would have allowed nobody knows.
  if (!mayBeClear && fields.host !== undefined && fields.allowCleartext !== undefined) {
    problems.push(
      wrong(
        [...place, 'tls'],
        'implicit or starttls, or "allowCleartext: true" beside it, since the host is not this machine',
        'none',
      ),
    );
  }
  for (const key of ['ca', 'fingerprint', 'serverName'] as const) {
    if (typeof fields[key] !== 'string') continue;
    problems.push(warning([...place, key], 'nothing with "tls: none"', 'a value that is not used'));
  }
}

/** @returns PEM text, null when absent, undefined when wrong */
function readAuthorities(
  ca: string | null | undefined,
  place: Place,
  context: SchemaContext,
  problems: Problem[],
): string | null | undefined {
  if (ca === null || ca === undefined) return ca;
  const pem = isPem(ca) ? ca : readNamedFile(ca, place, context, problems);
  if (pem === undefined) return undefined;
  const fault = faultOfAuthorities(pem);
  if (fault === null) return pem;
  const got = isPem(ca) ? fault : `a file with ${fault} (${ca})`;
  problems.push({ ...wrong(place, 'certificates in PEM form', undefined), got });
  return undefined;
}

function readNamedFile(
  file: string,
  place: Place,
  context: SchemaContext,
  problems: Problem[],
): string | undefined {
  if (context.readFile === undefined) {
    problems.push(wrong(place, 'the certificates themselves in PEM form (no files here)', file));
    return undefined;
  }
  try {
    return context.readFile(file);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    problems.push(wrong(place, 'a PEM file that can be read', file, reason));
    return undefined;
  }
}
