import { describe, expect, it } from 'vitest';

import { wireAddress } from '../../shared/courier/wire-address.ts';

describe('wireAddress', () => {
  it.each([
    ['chris@corp.example', 'chris@corp.example', false],
    ['Chris@CORP.example', 'Chris@CORP.example', false],
    ['chris@bücher.example', 'chris@xn--bcher-kva.example', false],
    ['jürgen@bücher.example', 'jürgen@xn--bcher-kva.example', true],
    ['"a b"@corp.example', '"a b"@corp.example', false],
    ['"a@b"@corp.example', '"a@b"@corp.example', false],
    ['chris@[192.0.2.1]', 'chris@[192.0.2.1]', false],
    ['postmaster', 'postmaster', false],
    ['', '', false],
  ])('%j goes as %j', (address, wire, needsSmtpUtf8) => {
    expect(wireAddress(address, 'recipient')).toEqual({ wire, needsSmtpUtf8 });
  });

  it.each([
    'a@b.example\r\nRCPT TO:<eve@x.example>',
    'a@b.example> SIZE=1',
    '<a@b.example',
    'a b@corp.example',
    'a@b c.example',
    ' a@b.example',
    'a\0@b.example',
  ])('%j would break the command line', (address) => {
    expect(wireAddress(address, 'recipient')).toMatchObject({
      verdict: 'permanent',
      code: 553,
      enhancedCode: '5.1.3',
    });
  });
});
