import { getCACertificates, setDefaultCACertificates } from 'node:tls';

import type { Settings, Transport } from '../../shared/settings/settings.ts';

/**
 * Trusts the operating system's certificate authorities beside those that Node brings along: an organisation's own
 * authority is installed there. For the whole process, and only where some connection needs it, since reading them takes time.
 */
export function trustSystemAuthorities(settings: Settings): void {
  const mailboxes = [...settings.mailboxes.values()];
  const { delivery } = settings.general;
  const servers = delivery.transport === 'ses' ? [] : [delivery.smtp];
  const connections: readonly Transport[] = [...servers, ...mailboxes];
  const asksForTokens = mailboxes.some(({ oauth }) => oauth !== null);
  if (!asksForTokens && !connections.some(verifiesByAuthority)) return;
  const trusted = new Set(getCACertificates('default'));
  const missing = getCACertificates('system').filter((authority) => !trusted.has(authority));
  if (missing.length > 0) setDefaultCACertificates([...trusted, ...missing]);
}

function verifiesByAuthority({ tls, ca, fingerprint }: Transport): boolean {
  return tls !== 'none' && ca === null && fingerprint === null;
}
