import { commandHere } from './command-here.ts';
import { runMailferry, startMailferry } from './mailferry-command.ts';
import type { CommandResult, RunningCommand } from './mailferry-command.ts';
import { install, readSummary } from './mailferry-run.ts';
import type { RunOnceResult } from './mailferry-run.ts';
import type { Pop3Faults } from './pop3-faults.ts';
import { makeScratchFolder } from './scratch-folder.ts';
import { startPop3Server } from './scripted-pop3-server.ts';
import type { SampleMail, ScriptedPop3Server } from './scripted-pop3-server.ts';
import { startSmtpServer } from './scripted-smtp-server.ts';
import type { ScriptedSmtpServer } from './scripted-smtp-server.ts';
import type { SmtpServerOptions } from './smtp-script.ts';

export interface Scene {
  readonly folder: string;
  readonly data: string;
  readonly configFile: string;
  readonly pop3: ScriptedPop3Server;
  readonly smtp: ScriptedSmtpServer;
  /** The configuration it began with. */
  readonly configured: unknown;
  /** The command on this configuration and data folder. */
  readonly command: (words: readonly string[], input?: string) => Promise<CommandResult>;
  /** The same within this process, which is quicker. */
  readonly here: (words: readonly string[], input?: string) => Promise<CommandResult>;
  readonly start: (words: readonly string[]) => RunningCommand;
  /** `run --once --json`; its status, and the document that it printed. */
  readonly runOnce: () => Promise<RunOnceResult>;
  /** Writes another configuration in place of the first: plain data, or the very text of the file. */
  readonly configure: (document: unknown) => void;
  readonly close: () => Promise<void>;
}

export interface SceneOptions {
  readonly mails: Readonly<Record<string, readonly SampleMail[]>>;
  readonly faults?: Pop3Faults;
  /** Lines of the provider's CAPA instead of the usual ones. */
  readonly capabilities?: readonly string[];
  readonly smtp?: SmtpServerOptions;
  /** Changes the usual configuration. */
  readonly configuration?: (usual: Configuration) => unknown;
  /** Where its folder is made; absent: the system's temporary folder. */
  readonly parent?: string;
}

export interface Configuration {
  readonly [key: string]: unknown;
  readonly delivery: Readonly<Record<string, unknown>>;
  readonly mailboxes: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** The usual configuration with mailboxes that only a request fetches. */
export function onRequest(usual: Configuration): Configuration {
  const mailboxes = Object.entries(usual.mailboxes).map(([id, one]) => [
    id,
    { ...one, schedule: 'never' },
  ]);
  return { ...usual, mailboxes: Object.fromEntries(mailboxes) as Configuration['mailboxes'] };
}

/** Every scripted user's password, and the one secret of the configuration; unlike anything else that is printed. */
export const PASSWORD = 'hush-7c1f9b';

/** What a scene is made of besides the connector: a provider, a mail server, a folder and a configuration. */
export interface Surroundings {
  readonly folder: string;
  readonly pop3: ScriptedPop3Server;
  readonly smtp: ScriptedSmtpServer;
  readonly configured: unknown;
  readonly close: () => Promise<void>;
}

/**
 * A provider and a mail server on loopback. A user named in `mails` gets a mailbox of the same name: `everyone` is
 * global, every other delivers to `<name>@corp.example`.
 */
export async function makeSurroundings(options: SceneOptions): Promise<Surroundings> {
  const scratch = makeScratchFolder('story', options.parent);
  const users = Object.fromEntries(
    Object.entries(options.mails).map(([name, mails]) => [name, { password: PASSWORD, mails }]),
  );
  const pop3 = await startPop3Server({
    users,
    ...(options.faults === undefined ? {} : { faults: options.faults }),
    ...(options.capabilities === undefined ? {} : { capabilities: options.capabilities }),
  });
  const smtp = await startSmtpServer(options.smtp);
  const usual = configurationFor(Object.keys(options.mails), pop3.port, smtp.port);
  return {
    folder: scratch.path,
    pop3,
    smtp,
    configured: options.configuration?.(usual) ?? usual,
    async close() {
      await pop3.close();
      await smtp.close();
      scratch.remove();
    },
  };
}

/** {@link makeSurroundings} with the command installed in its folder. */
export async function makeScene(options: SceneOptions): Promise<Scene> {
  const { folder, pop3, smtp, configured, close } = await makeSurroundings(options);
  const secrets = { provider: PASSWORD };
  const { configFile, dataFolder, common } = install(folder, configured, secrets);
  const command = (words: readonly string[], input?: string) =>
    runMailferry([...words, ...common], {}, input);
  const started: RunningCommand[] = [];
  return {
    folder,
    data: dataFolder,
    configFile,
    pop3,
    smtp,
    configured,
    command,
    here: (words, input) => commandHere([...words, ...common], input),
    start: (words) => {
      const running = startMailferry([...words, ...common]);
      started.push(running);
      return running;
    },
    runOnce: async () => readSummary(await command(['run', '--once', '--json'])),
    configure(document) {
      install(folder, document, secrets);
    },
    async close() {
      // What a failed test left running would write the folder anew.
      for (const { child, result } of started) {
        child.kill('SIGKILL');
        await result;
      }
      await close();
    },
  };
}

/** The configuration of a scene whose servers listen on these ports. */
export function configurationFor(
  names: readonly string[],
  pop3: number,
  smtp: number,
): Configuration {
  return {
    domains: ['corp.example'],
    undeliverable: 'admin@corp.example',
    delivery: { transport: 'smtp', smtp: { host: '127.0.0.1', port: smtp, tls: 'none' } },
    mailboxes: Object.fromEntries(names.map((name) => [name, mailboxFor(name, pop3)])),
  };
}

export function mailboxFor(name: string, port: number): Readonly<Record<string, unknown>> {
  const common = {
    host: '127.0.0.1',
    port,
    tls: 'none',
    username: name,
    password: { secret: 'provider' },
  };
  return name === 'everyone'
    ? { ...common, type: 'global' }
    : { ...common, type: 'user', deliverTo: [`${name}@corp.example`] };
}
