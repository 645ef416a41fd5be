import { formatConfiguredAddress, parseConfiguredAddress } from './configured-address.ts';
import { isLoopback } from './host-name.ts';
import { quote } from './problem.ts';
import { wrong } from './schema-fields.ts';
import type { Place } from './problem.ts';
import type { Problem } from './settings.ts';

/** The account that a mailbox is fetched from. */
export interface Account {
  readonly host: string;
  readonly username: string;
}

/**
 * The account's own address in lower case, when mail is delivered to the very server that it is fetched from: what is
 * sent there comes back. Null: another server, a user name that is no address, or this machine, where several servers
 * may listen.
 * @param destination host that mail is delivered to
 */
export function loopAddressOf(
  { host, username }: Account,
  destination: string | undefined,
): string | null {
  if (host !== destination || isLoopback(host)) return null;
  const own = parseConfiguredAddress(username);
  return own === null ? null : formatConfiguredAddress(own).toLowerCase();
}

/** Refuses configured targets that are the mailbox itself. */
export function checkTargets(
  targets: readonly { readonly place: Place; readonly address: string }[],
  loopAddress: string | null,
  problems: Problem[],
): void {
  for (const { place, address } of targets) {
    if (address.toLowerCase() !== loopAddress) continue;
    const expected =
      'another address: this mailbox is fetched from the server that mail is delivered to, so its mail would come round for ever';
    problems.push({ ...wrong(place, expected, undefined), got: quote(address) });
  }
}
