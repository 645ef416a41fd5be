import { expect, it } from 'vitest';

import { isHostOf } from '../../shared/routing/host-suffix.ts';

it.each([
  ['provider.example', 'provider.example', true],
  ['mx.Provider.EXAMPLE', 'provider.example', true],
  ['a.b.provider.example.', 'provider.example', true],
  ['evil-provider.example', 'provider.example', false],
  ['provider.example.evil.example', 'provider.example', false],
  ['example', 'provider.example', false],
  ['', 'provider.example', false],
  ['[192.0.2.1]', '192.0.2.1', true],
  ['[IPv6:2001:db8::1]', '2001:db8::1', true],
  ['192.0.2.1', '192.0.2.1', true],
  [Buffer.from('mx.BÜCHER.example.').toString('latin1'), 'xn--bcher-kva.example', true],
  ['mx.b\xfccher.example', 'xn--bcher-kva.example', false],
  ['[192.0.2.1]x', '192.0.2.1', false],
  ['x[192.0.2.1]', '192.0.2.1', false],
  ['2001:DB8:0:0:0:0:0:1', '2001:db8::1', true],
  ['[IPv6:2001:db8::1]', '2001:db8:0::0:1', true],
  ['[IPv6:2001:db8::2]', '2001:db8::1', false],
  ['2001:db8::1', 'provider.example', false],
  ['x:provider.example', 'provider.example', false],
  ['[IPv6:::ffff:192.0.2.1]', '::ffff:192.0.2.1', true],
])('%s is a host of %s: %s', (host, suffix, answer) => {
  expect(isHostOf(host, suffix)).toBe(answer);
});
