import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { LOOPBACK_NAMES, makeCertificateAuthority } from './certificate-authority.ts';
import type { CertificateAuthority, IssuedCertificate } from './certificate-authority.ts';
import type { ServerCertificate } from './certificates.ts';
import {
  dovecotConfiguration,
  dovecotUsers,
  tokenCheckConfiguration,
} from './dovecot-configuration.ts';
import type { DovecotAccount } from './dovecot-configuration.ts';
import { freePorts } from './free-port.ts';
import { copyMaildir, makeMaildir, readMaildir, writeToMaildir } from './maildir.ts';
import { writeNtlmHelper, type NtlmAccount } from './ntlm-helper.ts';
import { makeScratchFolder, type ScratchFolder } from './scratch-folder.ts';
import { startServerProcess, type ServerProcess } from './server-process.ts';
import { requireProgram } from './system-packages.ts';

export interface DovecotUser extends DovecotAccount {
  /** Files of the Maildir with exactly these octets; see `asSentByDovecot` for what a client then gets. */
  readonly mails: readonly Buffer[];
}

export interface DovecotOptions {
  readonly users: Readonly<Record<string, DovecotUser>>;
  /** Further users with the mail and the password of another; they share its files, so many of them cost little. */
  readonly copies?: Readonly<Record<string, string>>;
  /** Listens on this address too, beside 127.0.0.1. */
  readonly address?: string;
  /** SASL mechanisms as Dovecot names them; default `plain login`. */
  readonly mechanisms?: string;
  /** The second session of a mailbox gets `-ERR [IN-USE]`, after some ten seconds. */
  readonly lockSession?: boolean;
  /** `false`: neither STLS nor implicit TLS. */
  readonly tls?: boolean;
  /** Takes mail for its users by LMTP; needs dovecot-lmtpd. */
  readonly lmtp?: boolean;
  /** `pop3_uidl_format`; default `%g`, the file's name. */
  readonly uidlFormat?: string;
  /** Instead of one by an authority of its own. */
  readonly certificate?: ServerCertificate;
  /** Where access tokens are looked up (RFC 7662); none: there are no tokens. */
  readonly introspectionUrl?: string;
  /** The one account that NTLM lets in, as Samba checks it. */
  readonly ntlm?: NtlmAccount;
}

export interface Dovecot {
  readonly host: string;
  /** Clear text, and STLS when there is TLS. */
  readonly port: number;
  /** Implicit TLS; 0 without TLS. */
  readonly tlsPort: number;
  /** LMTP in clear text; 0 without it. */
  readonly lmtpPort: number;
  /** The authority that signed the server's certificate; empty without TLS. */
  readonly caPem: string;
  readonly caFile: string;
  readonly folder: string;
  readonly pid: number;
  /** Delivers one more message; it has the highest number of the next session. */
  addMail(user: string, message: Buffer): void;
  /** What still lies in the mailbox, as stored, in order. */
  remaining(user: string): Buffer[];
  log(): string;
  /** Stops the server, waits for it and removes its folder. */
  stop(): Promise<void>;
}

/** Starts a Dovecot of its own on free ports of 127.0.0.1. Needs root, since mail belongs to another user. */
export async function startDovecot(options: DovecotOptions): Promise<Dovecot> {
  const program = requireProgram('dovecot', 'dovecot-pop3d');
  const scratch = makeScratchFolder('dovecot');
  try {
    const mailboxes = fillMailboxes(scratch.path, options);
    const [port = 0, tlsPort = 0, lmtpPort = 0] = await freePorts(3);
    const ports = { port, tlsPort, lmtpPort };
    const authority = writeConfiguration(scratch.path, options, ports);
    const log = logReader(join(scratch.path, 'dovecot.log'));
    const server = await startServerProcess({
      program,
      args: ['-F', '-c', join(scratch.path, 'dovecot.conf')],
      port,
      log,
    });
    return {
      host: '127.0.0.1',
      port,
      tlsPort: authority === null ? 0 : tlsPort,
      lmtpPort: options.lmtp === true ? lmtpPort : 0,
      caPem: authority?.pem ?? '',
      caFile: authority?.file ?? '',
      folder: scratch.path,
      pid: server.pid,
      ...mailboxes,
      log,
      stop: () => stop(server, scratch),
    };
  } catch (error) {
    scratch.remove();
    throw error;
  }
}

function fillMailboxes(
  folder: string,
  { users, copies = {} }: DovecotOptions,
): Pick<Dovecot, 'addMail' | 'remaining'> {
  const counts = new Map<string, number>();
  mkdirSync(join(folder, 'mail'));
  const maildir = (user: string): string => join(folder, 'mail', user);
  const addMail = (user: string, message: Buffer): void => {
    const sequence = counts.get(user);
    if (sequence === undefined) throw new Error(`expected a mailbox that was set up, got ${user}`);
    writeToMaildir(maildir(user), sequence, message);
    counts.set(user, sequence + 1);
  };
  for (const [user, { mails }] of Object.entries(users)) {
    makeMaildir(maildir(user));
    counts.set(user, 0);
    for (const mail of mails) addMail(user, mail);
  }
  for (const [user, original] of Object.entries(copies)) {
    copyMaildir(maildir(original), maildir(user));
    counts.set(user, counts.get(original) ?? 0);
  }
  return { addMail, remaining: (user) => readMaildir(maildir(user)) };
}

function writeConfiguration(
  folder: string,
  options: DovecotOptions,
  { port, tlsPort, lmtpPort }: Readonly<Record<'port' | 'tlsPort' | 'lmtpPort', number>>,
): { readonly pem: string; readonly file: string } | null {
  writeFileSync(join(folder, 'users'), dovecotUsers(accountsOf(options)));
  const authority = options.tls === false ? null : makeCertificateAuthority(folder);
  const certificate = authority === null ? undefined : certificateFiles(folder, authority, options);
  const { introspectionUrl, ntlm } = options;
  const text = dovecotConfiguration({
    folder,
    port,
    listen: ['127.0.0.1', ...(options.address === undefined ? [] : [options.address])],
    tls: certificate === undefined ? null : { port: tlsPort, ...certificate },
    mechanisms: options.mechanisms ?? 'plain login',
    uidlFormat: options.uidlFormat ?? '%g',
    lockSession: options.lockSession ?? false,
    lmtp: options.lmtp === true ? { port: lmtpPort } : null,
    tokensFile: introspectionUrl === undefined ? null : writeTokenCheck(folder, introspectionUrl),
    ntlmHelper: ntlm === undefined ? null : writeNtlmHelper(folder, ntlm),
  });
  writeFileSync(join(folder, 'dovecot.conf'), text);
  return authority;
}

function accountsOf({ users, copies = {} }: DovecotOptions): Record<string, DovecotAccount> {
  const copied = Object.entries(copies).flatMap(([user, original]) => {
    const account = users[original];
    return account === undefined ? [] : [[user, account] as const];
  });
  return { ...users, ...Object.fromEntries(copied) };
}

function certificateFiles(
  folder: string,
  authority: CertificateAuthority,
  { certificate: given, address }: DovecotOptions,
): IssuedCertificate {
  if (given === undefined) {
    const names = address === undefined ? LOOPBACK_NAMES : `${LOOPBACK_NAMES},IP:${address}`;
    return authority.issue('dovecot', names);
  }
  const files = { certFile: join(folder, 'given.pem'), keyFile: join(folder, 'given.key') };
  writeFileSync(files.certFile, given.cert);
  writeFileSync(files.keyFile, given.key);
  return files;
}

/** The settings of Dovecot's `oauth2` password database. */
function writeTokenCheck(folder: string, introspectionUrl: string): string {
  const file = join(folder, 'oauth2.conf.ext');
  writeFileSync(file, tokenCheckConfiguration(introspectionUrl));
  return file;
}

function logReader(file: string): () => string {
  return () => (existsSync(file) ? readFileSync(file, 'latin1') : '');
}

async function stop(server: ServerProcess, scratch: ScratchFolder): Promise<void> {
  await server.stop();
  scratch.remove();
}
