import { describe, expect, it } from 'vitest';
import { parseAcceptedDomain } from '../../shared/settings/accepted-domain.ts';
import { parseConfiguredAddress } from '../../shared/settings/configured-address.ts';
import { isLoopback, parseHost } from '../../shared/settings/host-name.ts';

describe('parseAcceptedDomain', () => {
  it.each([
    ['corp.example', 'corp.example'],
    ['Corp.EXAMPLE', 'corp.example'],
    ['*.Corp.example', '*.corp.example'],
    ['Bücher.example', 'xn--bcher-kva.example'],
    ['*.bücher.example', '*.xn--bcher-kva.example'],
    ['corp', 'corp'],
  ])('reads %j as %j', (written, domain) => {
    expect(parseAcceptedDomain(written)).toBe(domain);
  });

  it.each([
    '@corp.example',
    '',
    '*',
    '*.',
    '*.*.example',
    'a.*.example',
    'corp..example',
    '.corp.example',
    'corp.example.',
    'a b.example',
    'a%41.example',
    'corp_x.example',
    '-a.example',
    'a-.example',
    '10.0.0.1',
    '1.2',
    'corp.example\n',
    'a\tb.example',
    `${'x'.repeat(64)}.example`,
    `${'x.'.repeat(130)}example`,
    5,
    null,
  ])('refuses %j', (written) => {
    expect(parseAcceptedDomain(written)).toBeNull();
  });
});

describe('parseConfiguredAddress', () => {
  it('keeps the local part and lowers the domain', () => {
    expect(parseConfiguredAddress('Chris.O+tag@Corp.Example')).toEqual({
      local: 'Chris.O+tag',
      domain: 'corp.example',
    });
    expect(parseConfiguredAddress("o'neil@bücher.example")?.domain).toBe('xn--bcher-kva.example');
  });

  it.each([
    'chris',
    '@corp.example',
    'chris@',
    'a@b@corp.example',
    'chris@*.corp.example',
    '<chris@corp.example>',
    'Chris <chris@corp.example>',
    '"a b"@corp.example',
    '.chris@corp.example',
    'chris.@corp.example',
    'a..b@corp.example',
    'jürgen@corp.example',
    'chris@corp.example ',
    'chris@corp.example\r\nRCPT TO:<x@y.example>',
    'chris@[10.0.0.1]',
    `${'x'.repeat(65)}@corp.example`,
    5,
    null,
  ])('refuses %j', (written) => {
    expect(parseConfiguredAddress(written)).toBeNull();
  });
});

describe('parseHost', () => {
  it.each([
    ['pop.Provider.example', 'pop.provider.example'],
    ['localhost', 'localhost'],
    ['127.0.0.1', '127.0.0.1'],
    ['::1', '::1'],
    ['2001:DB8::1', '2001:db8::1'],
    ['my_host.provider.example', 'my_host.provider.example'],
    ['pop.bücher.example', 'pop.xn--bcher-kva.example'],
  ])('reads %j as %j', (written, host) => {
    expect(parseHost(written)).toBe(host);
  });

  it.each([
    '',
    ' ',
    'pop.provider.example:995',
    'pop provider',
    'pop.provider.example\r\n',
    'https://pop.provider.example',
    '[::1]',
    '256.1.1.1',
    'user@host',
    995,
    null,
  ])('refuses %j', (written) => {
    expect(parseHost(written)).toBeNull();
  });
});

describe('isLoopback', () => {
  it.each([
    ['localhost', true],
    ['127.0.0.1', true],
    ['127.255.3.4', true],
    ['::1', true],
    ['128.0.0.1', false],
    ['10.0.0.1', false],
    ['::2', false],
    ['127.0.0.1.example.com', false],
    ['localhost.evil.example', false],
  ])('%s: %s', (host, loopback) => {
    expect(isLoopback(host)).toBe(loopback);
  });
});
