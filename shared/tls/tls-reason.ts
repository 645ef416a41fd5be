/** The server answered with something that is no TLS. */
const NO_TLS = new Set(['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG']);

/** What Node adds for those who write programs: here the setting is `ca`. */
const FOR_PROGRAMMERS = /; if the root CA is installed locally.*$/;

/**
 * Why there is no TLS, in one line for people, with the code that can be looked up.
 * @param code what Node calls it, `CERT_HAS_EXPIRED`
 */
export function tlsReason(error: Error, code: string): string {
  return `${inWords(error, code)} (${code})`;
}

function inWords(error: Error, code: string): string {
  if (NO_TLS.has(code)) return 'the server does not speak TLS here';
  // OpenSSL's own message names a thread, a library and a source file.
  const isOpenSsl = code.startsWith('ERR_SSL_') && 'reason' in error;
  if (isOpenSsl && typeof error.reason === 'string') return error.reason;
  const [line = ''] = error.message.split(/[\r\n]/, 1);
  return line.replace(FOR_PROGRAMMERS, '').trim();
}
