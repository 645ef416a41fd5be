import { describe, expect, it } from 'vitest';

import { tlsReason } from '../../shared/tls/tls-reason.ts';

describe('tlsReason', () => {
  it.each([
    [
      'DEPTH_ZERO_SELF_SIGNED_CERT',
      'self-signed certificate; if the root CA is installed locally, try running Node.js with --use-system-ca',
      {},
      'self-signed certificate (DEPTH_ZERO_SELF_SIGNED_CERT)',
    ],
    [
      'CERT_HAS_EXPIRED',
      'certificate has expired',
      {},
      'certificate has expired (CERT_HAS_EXPIRED)',
    ],
    [
      'ERR_SSL_WRONG_VERSION_NUMBER',
      '405D:error:0A00010B:SSL routines:x:wrong version number:../y.c:77:\n',
      { reason: 'wrong version number' },
      'the server does not speak TLS here (ERR_SSL_WRONG_VERSION_NUMBER)',
    ],
    [
      'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
      '405D:error:0A00042E:SSL routines:x:tlsv1 alert protocol version:../y.c:77:\n',
      { reason: 'tlsv1 alert protocol version' },
      'tlsv1 alert protocol version (ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION)',
    ],
    [
      'ERR_TLS_CERT_ALTNAME_INVALID',
      "Hostname/IP does not match certificate's altnames: IP: 127.0.0.1 is not in the cert's list: ",
      { reason: "IP: 127.0.0.1 is not in the cert's list: " },
      "Hostname/IP does not match certificate's altnames: IP: 127.0.0.1 is not in the cert's list: (ERR_TLS_CERT_ALTNAME_INVALID)",
    ],
  ])('%s', (code, message, fields, words) => {
    expect(tlsReason(Object.assign(new Error(message), fields), code)).toBe(words);
  });
});
