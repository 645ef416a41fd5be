import { MAIL_OWNER } from './maildir.ts';

export interface DovecotConfiguration {
  readonly folder: string;
  readonly port: number;
  readonly listen: readonly string[];
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
  /** File of the `oauth2` password database's settings; null: no access tokens. */
  readonly tokensFile: string | null;
  /** Program that checks NTLM; null: no NTLM. */
  readonly ntlmHelper: string | null;
}

/** The text of dovecot.conf (Dovecot 2.3) for one instance that keeps everything in its own folder. */
export function dovecotConfiguration(configuration: DovecotConfiguration): string {
  const { folder } = configuration;
  return `
base_dir = ${folder}/run
state_dir = ${folder}/state
log_path = ${folder}/dovecot.log
protocols = pop3${configuration.lmtp === null ? '' : ' lmtp'}
listen = ${configuration.listen.join(', ')}
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
${ntlmSettings(configuration)}
passdb {
  driver = passwd-file
  args = ${folder}/users
}
${tokenDatabase(configuration)}
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

/** Dovecot has NTLM by way of Samba alone; without the helper its auth process dies at the mechanism's name. */
function ntlmSettings({ ntlmHelper }: DovecotConfiguration): string {
  if (ntlmHelper === null) return '';
  return `auth_use_winbind = yes\nauth_winbind_helper_path = ${ntlmHelper}`;
}

function tokenDatabase({ tokensFile }: DovecotConfiguration): string {
  if (tokensFile === null) return '';
  return `passdb {
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = ${tokensFile}
}`;
}

/** Every token is looked up by POST; the answer has to say that it is active, and whose it is. */
export function tokenCheckConfiguration(introspectionUrl: string): string {
  return `
introspection_mode = post
introspection_url = ${introspectionUrl}
username_attribute = username
active_attribute = active
active_value = true
openid_configuration_url = ${new URL('/.well-known/openid-configuration', introspectionUrl).href}
`;
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
