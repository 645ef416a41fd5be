import { join } from 'node:path';

import { runMailferry, startMailferry } from './mailferry-command.ts';
import type { CommandResult, RunningCommand } from './mailferry-command.ts';
import { install } from './mailferry-run.ts';
import type { RunSummary } from './mailferry-run.ts';
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
  /** The command on this configuration and data folder. */
  command(words: readonly string[]): Promise<CommandResult>;
  start(words: readonly string[]): RunningCommand;
  /** `run --once --json`; its status, and the document that it printed. */
  runOnce(): Promise<{ status: number | null; summary: RunSummary; stderr: string }>;
  /** Writes another configuration in place of the first. */
  configure(document: unknown): void;
  close(): Promise<void>;
}

export interface SceneOptions {
  readonly mails: Readonly<Record<string, readonly SampleMail[]>>;
  readonly faults?: Pop3Faults;
  readonly smtp?: SmtpServerOptions;
  /** Changes the usual configuration. */
  readonly configuration?: (usual: Configuration) => unknown;
}

export interface Configuration {
  readonly [key: string]: unknown;
  readonly mailboxes: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/**
 * A provider, a mail server and a configured connector on loopback. A user named in `mails` gets a mailbox of the
 * same name: `everyone` is global, every other delivers to `<name>@corp.example`.
 */
export async function makeScene(options: SceneOptions): Promise<Scene> {
  const scratch = makeScratchFolder('story');
  const users = Object.fromEntries(
    Object.entries(options.mails).map(([name, mails]) => [name, { password: 'secret', mails }]),
  );
  const pop3 = await startPop3Server({
    users,
    ...(options.faults === undefined ? {} : { faults: options.faults }),
  });
  const smtp = await startSmtpServer(options.smtp);
  const usual = configurationFor(Object.keys(options.mails), pop3.port, smtp.port);
  const configured = options.configuration?.(usual) ?? usual;
  const configure = (document: unknown) => install(scratch.path, document, { provider: 'secret' });
  const { configFile, dataFolder } = configure(configured);
  const common = [
    ...['--config', configFile],
    ...['--data', dataFolder],
    ...['--secrets', join(scratch.path, 'secrets.yaml')],
  ];
  const command = (words: readonly string[]) => runMailferry([...words, ...common]);
  return {
    folder: scratch.path,
    data: dataFolder,
    configFile,
    pop3,
    smtp,
    command,
    start: (words) => startMailferry([...words, ...common]),
    async runOnce() {
      const { status, stdout, stderr } = await command(['run', '--once', '--json']);
      return { status, summary: JSON.parse(stdout) as RunSummary, stderr };
    },
    configure(document) {
      configure(document);
    },
    async close() {
      await pop3.close();
      await smtp.close();
      scratch.remove();
    },
  };
}

function configurationFor(names: readonly string[], pop3: number, smtp: number): Configuration {
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

/** A small message. */
export function sampleMessage(
  to: string,
  subject: string,
  options: { readonly body?: string; readonly header?: readonly string[] } = {},
): Buffer {
  const lines = [
    ...(options.header ?? []),
    'From: ann@nwtraders.example',
    `To: ${to}`,
    `Subject: ${subject}`,
    'Date: Mon, 2 Nov 2026 09:00:00 +0000',
    `Message-ID: <${subject}@nwtraders.example>`,
    '',
    options.body ?? `About ${subject}.`,
    '',
  ];
  return Buffer.from(lines.join('\r\n'));
}
