import type { DeliverySettings } from './settings.ts';

/** Where all mail goes, by name. No secret. */
export interface Destination {
  /** What makes it another destination: with a changed host, user or transport old troubles say nothing. */
  readonly identity: string;
  /** For people: `mail.corp.example:587`. */
  readonly host: string;
}

export function destinationOf(delivery: DeliverySettings): Destination {
  if (delivery.transport === 'ses') {
    const { region, from, configurationSet } = delivery.ses;
    const host = region === null ? 'Amazon SES' : `Amazon SES ${region}`;
    return { host, identity: [host, from, configurationSet ?? ''].join(' ') };
  }
  const { transport, smtp } = delivery;
  const host = `${smtp.host}:${smtp.port}`;
  return { host, identity: [transport, host, smtp.tls, smtp.username ?? ''].join(' ') };
}
