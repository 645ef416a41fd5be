import { describe, expect, it } from 'vitest';

import { Transcript } from '../../shared/courier/transcript.ts';

describe('Transcript', () => {
  it('gives each line of a reply its own line', () => {
    const transcript = new Transcript();
    transcript.command('EHLO me.example');
    transcript.reply('250-one\n250 two');
    expect(transcript.lines()).toEqual(['C: EHLO me.example', 'S: 250-one', 'S: 250 two']);
  });

  it('keeps both ends of a long session within 200 lines of 500 octets', () => {
    const transcript = new Transcript();
    for (let at = 1; at <= 1000; at += 1) transcript.reply(`250 ${at} ${'x'.repeat(600)}`);
    const lines = transcript.lines();
    expect(lines).toHaveLength(200);
    expect(lines[0]).toContain('250 1 ');
    expect(lines.at(-1)).toContain('250 1000 ');
    expect(lines[80]).toBe('* 801 lines left out');
    expect(Math.max(...lines.map((line) => Buffer.byteLength(line)))).toBeLessThanOrEqual(500);
  });
});
