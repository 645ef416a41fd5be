import { MAIL_OWNER } from './maildir.ts';

export interface PostfixConfiguration {
  readonly folder: string;
  readonly port: number;
  readonly domains: readonly string[];
  readonly tls: { readonly certFile: string; readonly keyFile: string } | null;
  /** Recipients that it takes in one transaction; null: its own limit of a thousand. */
  readonly recipientLimit: number | null;
}

/** Folders of a queue directory, and who may enter: without the package's own scripts they are made by hand. */
export const QUEUE_FOLDERS = [
  ...['active', 'bounce', 'corrupt', 'defer', 'deferred', 'flush', 'hold', 'incoming', 'private'],
  ...['saved', 'trace'],
] as const;

/** The text of main.cf for one instance that keeps everything in its own folder and sends nothing out. */
export function mainCf({ folder, domains, tls, recipientLimit }: PostfixConfiguration): string {
  const tlsSettings =
    tls === null
      ? ['smtpd_tls_security_level = none']
      : [
          'smtpd_tls_security_level = may',
          `smtpd_tls_chain_files = ${tls.keyFile}, ${tls.certFile}`,
        ];
  return `
compatibility_level = 3.6
queue_directory = ${folder}/queue
data_directory = ${folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = ${folder}/maillog
maillog_file_prefixes = ${folder}
myhostname = mail.test
mydestination =
inet_interfaces = loopback-only
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
local_recipient_maps =
# Nothing leaves this machine, not even a bounce.
relayhost =
default_transport = error:5.4.4 the test server sends no mail out
relay_transport = error:5.4.4 the test server sends no mail out
notify_classes =
disable_dns_lookups = yes
smtp_host_lookup = native
smtpd_peername_lookup = no

virtual_mailbox_domains = ${domains.join(', ')}
virtual_mailbox_base = ${folder}/mail
virtual_mailbox_maps = static:all/
virtual_mailbox_limit = 0
virtual_minimum_uid = ${MAIL_OWNER}
virtual_uid_maps = static:${MAIL_OWNER}
virtual_gid_maps = static:${MAIL_OWNER}

smtpd_relay_restrictions = reject_unauth_destination
smtpd_recipient_restrictions = check_recipient_access texthash:${folder}/recipients, reject_unauth_destination
smtpd_recipient_limit = ${recipientLimit ?? 1000}
smtpd_error_sleep_time = 0
smtpd_soft_error_limit = 10000
smtpd_hard_error_limit = 10001
# A line end that is not CRLF is how one message smuggles a second one: the sender must never let it through.
smtpd_forbid_bare_newline = reject
smtpd_forbid_bare_newline_exclusions =

# What comes in is stored as it came: no field is added, dropped, rewritten or cut.
message_size_limit = 209715200
mailbox_size_limit = 0
header_size_limit = 16777216
message_drop_headers =
local_header_rewrite_clients =
always_add_missing_headers = no
undisclosed_recipients_header =
disable_mime_output_conversion = yes
disable_mime_input_processing = yes
${tlsSettings.join('\n')}
`;
}

/** The text of master.cf: the services that take, queue and store mail, none of them in a chroot. */
export function masterCf({ port }: PostfixConfiguration): string {
  return `
127.0.0.1:${port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
`;
}
