import { describe, expect, it } from 'vitest';

import { Failure } from '../../shared/failure.ts';
import { encodeCommand } from '../../shared/pop3/command.ts';

describe('a command line', () => {
  it('ends in CRLF and is UTF-8', () => {
    const octets = encodeCommand({ line: 'USER jürgen', name: 'USER' });
    expect(octets).toEqual(Buffer.from('USER j\xc3\xbcrgen\r\n', 'latin1'));
  });

  it.each(['\r', '\n', '\0', '\r\nDELE 1'])('with %j in it is not sent', (odd) => {
    const encode = (): unknown => encodeCommand({ line: `PASS s3cret${odd}`, name: 'PASS' });
    expect(encode).toThrow(Failure);
    expect(encode).not.toThrow(/s3cret/);
  });
});
