/** What a server offers in its reply to EHLO or LHLO (RFC 5321 section 4.1.1.1) that the courier acts upon. */
export interface ServerFeatures {
  readonly eightBitMime: boolean;
  readonly smtpUtf8: boolean;
  /** Mechanisms of AUTH (RFC 4954), in upper case. */
  readonly auth: readonly string[];
  /** Largest message in octets (RFC 1870); null where none is stated. */
  readonly maxSize: number | null;
}

/** A server that knew only HELO. */
export const NO_FEATURES: ServerFeatures = {
  eightBitMime: false,
  smtpUtf8: false,
  auth: [],
  maxSize: null,
};

/** Reads the lines of a positive reply to EHLO, `250-SIZE 1000\n250 8BITMIME`; the first line is the greeting. */
export function parseFeatures(reply: string): ServerFeatures {
  const keywords = new Map<string, string>();
  const mechanisms: string[] = [];
  for (const line of reply.split(/\r?\n/).slice(1)) {
    // `AUTH=PLAIN` is how servers wrote it before RFC 2554.
    const [, keyword, value] =
      /^\d{3}[ -]([A-Za-z0-9][A-Za-z0-9-]*)(?:[ =](.*))?$/.exec(line) ?? [];
    if (keyword === undefined) continue;
    keywords.set(keyword.toUpperCase(), value ?? '');
    // Servers that write both forms have two lines.
    if (keyword.toUpperCase() === 'AUTH') mechanisms.push(...namesIn(value ?? ''));
  }
  const size = Number(keywords.get('SIZE') ?? 0);
  return {
    eightBitMime: keywords.has('8BITMIME'),
    smtpUtf8: keywords.has('SMTPUTF8'),
    auth: [...new Set(mechanisms)],
    // RFC 1870 section 4: 0 means no fixed limit.
    maxSize: Number.isSafeInteger(size) && size > 0 ? size : null,
  };
}

function namesIn(list: string): string[] {
  return list
    .toUpperCase()
    .split(/[\s=]+/)
    .filter((name) => name !== '');
}
