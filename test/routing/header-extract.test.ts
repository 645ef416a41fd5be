import { describe, expect, it } from 'vitest';

import { headerExtract } from '../../shared/routing/header-extract.ts';
import { recipientLikeFields } from '../../shared/routing/recipient-like-fields.ts';

function extract(lines: readonly string[], end = '\n\n'): string {
  const header = Buffer.from(`${lines.join('\n')}${end}`);
  return headerExtract(header, recipientLikeFields(header, ['corp.example']).fields).toString();
}

describe('headerExtract', () => {
  it('keeps what could name a recipient and the first From, in their order', () => {
    expect(extract(['Subject: s', 'X-Original-To: a@b', 'From: x', 'From: y', 'To: z'])).toBe(
      'X-Original-To: a@b\nFrom: x\nTo: z\n\r\n\r\n',
    );
  });

  it('ends a last field that has no line end', () => {
    expect(extract(['From: x', 'To: z'], '')).toBe('From: x\nTo: z\r\n\r\n');
  });

  it('passes over fields of more than 8 KiB, and keeps 32 KiB in all', () => {
    const long = (name: string, octets: number) => `${name}:`.padEnd(octets - 1, 'x');
    expect(extract([long('To', 8 * 1024), 'Cc: c'])).toContain('To:');
    expect(extract([long('To', 8 * 1024 + 1), 'Cc: c'])).toBe('Cc: c\n\r\n\r\n');
    const many = Array.from({ length: 40 }, () => long('Delivered-To', 1024));
    expect(extract([...many, 'From: x'])).toBe(`${many.slice(0, 32).join('\n')}\n\r\n\r\n`);
  });
});
