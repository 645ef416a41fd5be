/** Printable ASCII, which SASLprep leaves as it is. */
const PRINTABLE_ASCII = /^[ -~]*$/;

/**
 * A user name or password as SCRAM takes it (RFC 5802 section 2.2: SASLprep, RFC 4013). One that SASLprep forbids is
 * taken as it is: servers that let somebody set such a password did not prepare it either.
 */
export async function saslPrepared(text: string): Promise<string> {
  if (PRINTABLE_ASCII.test(text)) return text;
  // Its tables are unpacked when it is loaded, which most logins never need.
  const { saslprep } = await import('@mongodb-js/saslprep');
  try {
    return saslprep(text, { allowUnassigned: true });
  } catch {
    return text;
  }
}
