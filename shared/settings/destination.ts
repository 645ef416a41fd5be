import type { DeliverySettings } from './settings.ts';

/** Where all mail goes, by name. No secret. */
export interface Destination {
  /** What makes it another destination: with a changed host, user or transport old troubles say nothing. */
  readonly identity: string;
  /** For people: `mail.corp.example:587`. */
  readonly host: string;
}

export function destinationOf({ transport, smtp }: DeliverySettings): Destination {
  const host = `${smtp.host}:${smtp.port}`;
  return { host, identity: [transport, host, smtp.tls, smtp.username ?? ''].join(' ') };
}
