import { describe, expect, it } from 'vitest';

import { parseStatusLine } from '../../shared/pop3/status-line.ts';

function parsed(text: string): unknown {
  return parseStatusLine(Buffer.from(text, 'latin1'));
}

describe('a status line', () => {
  it.each([
    ['+OK', 'ok', null, ''],
    ['+OK ready [really]', 'ok', null, 'ready [really]'],
    ['+ok lower case', 'ok', null, 'lower case'],
    ['-ERR', 'error', null, ''],
    ['-ERR [IN-USE] taken', 'error', 'IN-USE', 'taken'],
    ['-ERR [sys/temp] later', 'error', 'SYS/TEMP', 'later'],
    ['-ERR[AUTH] no blank', 'error', 'AUTH', 'no blank'],
    ['-ERR [not a code] text', 'error', null, '[not a code] text'],
    ['+ challenge', 'continue', null, 'challenge'],
    ['+', 'continue', null, ''],
  ])('%s', (line, status, code, text) => {
    expect(parsed(line)).toEqual({ status, code, text });
  });

  it.each(['', 'OK', '+OKAY', '-ERROR', '220 mail.example ESMTP', ' +OK', '* OK IMAP4rev1'])(
    'is not "%s"',
    (line) => {
      expect(parsed(line)).toBeNull();
    },
  );

  it('reads text as UTF-8 where it is, else octet by octet', () => {
    expect(parseStatusLine(Buffer.from('-ERR gesperrt für heute'))?.text).toBe(
      'gesperrt für heute',
    );
    expect(parseStatusLine(Buffer.from('-ERR f\xfcr', 'latin1'))?.text).toBe('für');
  });
});
