/** What Google documents for Gmail: https://developers.google.com/workspace/gmail/imap/xoauth2-protocol. */
export const GOOGLE = {
  tokenUrl: 'https://oauth2.googleapis.com/token',
  scope: 'https://mail.google.com/',
} as const;

/** Microsoft's identity platform, version 2. */
export function microsoftTokenUrl(tenant: string): string {
  return `https://login.microsoftonline.com/${tenant}/oauth2/v2.0/token`;
}

/**
 * Exchange Online, by Microsoft's "Authenticate an IMAP, POP or SMTP connection using OAuth". `.default` stands for
 * what an administrator has consented to; `offline_access` asks for another refresh token.
 */
export function microsoftScope(grant: 'refresh_token' | 'client_credentials'): string {
  return grant === 'client_credentials'
    ? 'https://outlook.office365.com/.default'
    : 'https://outlook.office365.com/POP.AccessAsUser.All offline_access';
}
