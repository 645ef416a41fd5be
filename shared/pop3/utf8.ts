import type { Capabilities } from './capa.ts';
import type { Connection } from './connection.ts';

/**
 * UTF8 (RFC 6856 section 2.1), before the login, where it is offered: without it a server hides or changes mail whose
 * header holds UTF-8. A refusal costs nothing but such mail.
 */
export async function askForUtf8(
  connection: Connection,
  capabilities: Capabilities | null,
): Promise<void> {
  if (capabilities?.has('UTF8') !== true) return;
  await connection.send({ line: 'UTF8', name: 'UTF8' });
}
