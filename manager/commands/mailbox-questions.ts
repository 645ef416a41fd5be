import type { SettingChange } from '../../shared/settings/yaml-edit.ts';
import { settingChanges } from '../configuration/setting-arguments.ts';
import type { Terminal } from '../terminal.ts';

/** Asks for the settings that a mailbox needs and that were not given; its secrets come after them. */
export async function askForEntry(
  terminal: Terminal,
  id: string,
  given: Readonly<Record<string, unknown>>,
): Promise<SettingChange[]> {
  const words: string[] = [];
  const ask = async (key: string, question: () => Promise<string>): Promise<string> => {
    const present = given[key];
    if (present !== undefined) return typeof present === 'string' ? present : '';
    const answer = (await question()).trim();
    if (answer !== '') words.push(`${key}=${answer}`);
    return answer;
  };
  const type = await ask('type', () => askType(terminal));
  await ask('host', () => terminal.text('Host of the POP3 server'));
  await ask('tls', () => askTls(terminal));
  const username = await ask('username', () => terminal.text('User name'));
  if (type === 'user') {
    await ask('deliverTo', () =>
      terminal.text('Deliver its mail to (addresses, separated by commas)'),
    );
  } else {
    await ask('recipientSource', () =>
      terminal.text(
        'Where recipients are found (header names or presets; "to" is To and Cc)',
        'to',
      ),
    );
    const own = username.includes('@') ? username : '';
    await ask('ignore', () =>
      terminal.text("Addresses that are nobody's, such as the mailbox's own (may be empty)", own),
    );
  }
  return settingChanges(id, words);
}

function askType(terminal: Terminal): Promise<string> {
  return terminal.choose('What kind of mailbox is it?', [
    { value: 'user', name: 'user: the mail of one person or role goes to fixed addresses' },
    { value: 'global', name: 'global: it collects the mail of a whole domain' },
  ]);
}

function askTls(terminal: Terminal): Promise<string> {
  return terminal.choose('How is the connection protected?', [
    { value: 'implicit', name: 'implicit: TLS from the first octet (port 995)' },
    { value: 'starttls', name: 'starttls: TLS by the command STLS (port 110)' },
    { value: 'none', name: 'none: on this machine only' },
  ]);
}
