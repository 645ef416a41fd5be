import { applyChange } from '../configuration/editable.ts';
import type { EditableConfiguration } from '../configuration/editable.ts';
import { withConfiguration } from '../configuration/with-configuration.ts';
import type { CommonOptions } from '../context.ts';
import { NOT_WELL, UsageError, WELL } from '../exit-status.ts';
import { printJson, say } from '../output.ts';
import { openTerminal } from '../terminal.ts';
import { requirePresent } from './mailbox-edit.ts';

export interface MailboxRemoveOptions extends CommonOptions {
  readonly yes?: boolean;
}

/** `mailferry mailbox remove`: takes a mailbox out of the configuration, once somebody has said so. */
export function removeMailbox(options: MailboxRemoveOptions, id: string): Promise<number> {
  return withConfiguration(options, async (configuration) => {
    const before = await configuration.read();
    requirePresent(before.document, id);
    const mail = await configuration.mailOf(id);
    say(...consequences(configuration, id, mail));
    if (!(await isConfirmed(options, id))) {
      say('nothing was changed');
      return NOT_WELL;
    }
    const settings = [{ place: ['mailboxes', id], value: undefined }];
    await applyChange(configuration, before, { settings, secrets: new Map() }, null);
    if (options.json === true) printJson({ mailbox: id, removed: true, ...mail });
    say(`mailbox ${id}: removed from ${configuration.name}; ${configuration.takenUp}`);
    return WELL;
  });
}

async function isConfirmed({ yes }: MailboxRemoveOptions, id: string): Promise<boolean> {
  if (yes === true) return true;
  const terminal = openTerminal();
  if (terminal !== null) return terminal.confirm(`Remove mailbox ${id}?`);
  throw new UsageError(`mailbox remove ${id}: expected --yes, since there is nobody to ask here`);
}

/** What becomes of mail that is under way. */
function consequences(
  { secretPlace }: EditableConfiguration,
  id: string,
  { incoming, failed }: { readonly incoming: number; readonly failed: number },
): string[] {
  return [
    `Removing mailbox ${id}: it will be fetched no more; mail that is still at its provider stays there.`,
    `On their way: ${incoming} of its messages. Those whose recipients are decided are delivered; the others are kept with the failed mail as held, until the mailbox is back and they are retried.`,
    `With the failed mail: ${failed} of its messages, which stay there.`,
    `Its secrets stay in ${secretPlace}.`,
  ];
}
