import { MAIL_OWNER } from './maildir.ts';

export interface DovecotConfiguration {
  readonly folder: string;
  readonly port: number;
  /** With its certificate; `null`: no TLS at all. */
  readonly tls: {
    readonly port: number;
    readonly certFile: string;
    readonly keyFile: string;
  } | null;
  readonly mechanisms: string;
  readonly uidlFormat: string;
  readonly lockSession: boolean;
  /** Takes mail by LMTP, for its users alone. */
  readonly lmtp: { readonly port: number } | null;
}

/** The text of dovecot.conf (Dovecot 2.3) for one instance that keeps everything in its own folder. */
export function dovecotConfiguration(configuration: DovecotConfiguration): string {
  const { folder } = configuration;
  return `
base_dir = ${folder}/run
state_dir = ${folder}/state
log_path = ${folder}/dovecot.log
protocols = pop3${configuration.lmtp === null ? '' : ' lmtp'}
listen = 127.0.0.1
instance_name = mailferry-test
mail_location = maildir:${folder}/mail/%u
first_valid_uid = ${MAIL_OWNER}
disable_plaintext_auth = no
auth_mechanisms = ${configuration.mechanisms}
# A rejected login is answered at once, or each test of a wrong password waits two seconds.
auth_failure_delay = 0
mail_max_userip_connections = 200
pop3_uidl_format = ${configuration.uidlFormat}
pop3_lock_session = ${configuration.lockSession ? 'yes' : 'no'}
${tlsSettings(configuration)}
passdb {
  driver = passwd-file
  args = ${folder}/users
}
userdb {
  driver = passwd-file
  args = ${folder}/users
  default_fields = uid=${MAIL_OWNER} gid=${MAIL_OWNER} home=${folder}/mail/%u
}
service pop3-login {
  inet_listener pop3 {
    port = ${configuration.port}
  }
  inet_listener pop3s {
    port = ${configuration.tls?.port ?? 0}
    ssl = yes
  }
}
${lmtpSettings(configuration)}
service anvil {
  client_limit = 400
  # Without this socket no penalty grows for an address whose logins failed, and tests share one address.
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
`;
}

function tlsSettings({ tls }: DovecotConfiguration): string {
  if (tls === null) return 'ssl = no';
  return ['ssl = yes', `ssl_cert = <${tls.certFile}`, `ssl_key = <${tls.keyFile}`, 'ssl_dh ='].join(
    '\n',
  );
}

/** What comes in is stored as it came, below Dovecot's own trace fields; who is over quota is refused after the message. */
function lmtpSettings({ lmtp }: DovecotConfiguration): string {
  if (lmtp === null) return '';
  return `
hostname = lmtp.test
mail_save_crlf = yes
service lmtp {
  inet_listener lmtp {
    port = ${lmtp.port}
  }
}
protocol lmtp {
  mail_plugins = quota
}
plugin {
  quota = maildir:User quota
  quota_rule = *:storage=1G
}
`;
}

export interface DovecotAccount {
  readonly password: string;
  /** Octets that the mailbox may hold. */
  readonly quota?: number;
}

/** The passwd-file; passwords stand in clear, which APOP, CRAM-MD5 and SCRAM need. */
export function dovecotUsers(accounts: Readonly<Record<string, DovecotAccount>>): string {
  return Object.entries(accounts)
    .map(([user, { password, quota }]) => {
      const rule = quota === undefined ? '' : `userdb_quota_rule=*:bytes=${quota}`;
      return `${user}:{PLAIN}${password}::::::${rule}\n`;
    })
    .join('');
}
