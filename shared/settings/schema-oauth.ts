import { block, choice, lineOfText, optional, scalar } from './schema-value.ts';
import { secretRef } from './schema-secret.ts';

const httpsUrl = scalar('an https URL', (value) =>
  typeof value === 'string' && URL.canParse(value) && new URL(value).protocol === 'https:'
    ? value
    : null,
);

/** The `oauth` block of a mailbox (interfaces.md): its form alone, until authentication uses it. */
export const oauth = block({
  provider: choice(['microsoft', 'google', 'custom']),
  clientId: lineOfText,
  tenant: optional(lineOfText),
  tokenUrl: optional(httpsUrl),
  grant: choice(['refresh_token', 'client_credentials']),
  clientSecret: optional(secretRef),
  refreshToken: optional(secretRef),
});
