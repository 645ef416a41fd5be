import { describe, formatPlace } from './problem.ts';
import type { Mailbox, Problem } from './settings.ts';

/** One account fetched as two mailboxes delivers every message twice, or half of them here and half of them there. */
export function warnOfSharedAccounts(mailboxes: Iterable<Mailbox>, problems: Problem[]): void {
  const owners = new Map<string, string>();
  for (const { id, host, username } of mailboxes) {
    const account = `${host} ${username}`;
    const owner = owners.get(account);
    if (owner === undefined) {
      owners.set(account, id);
      continue;
    }
    const place = ['mailboxes', id, 'username'];
    problems.push({
      path: formatPlace(place),
      expected: `an account of its own, since mailbox ${owner} has this one at the same host`,
      got: describe(username, place),
      severity: 'warning',
    });
  }
}
