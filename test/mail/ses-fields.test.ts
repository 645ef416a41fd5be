import { describe, expect, it } from 'vitest';

import { standsOnce } from '../../shared/mail/ses-fields.ts';

/** As the page "Amazon SES header fields" has them; To, Cc and Bcc by RFC 5322 section 3.6. */
const PAGE = `
  Accept-Language Archived-At Auto-Submitted Bounces-to Comments Content-Alternative Content-Base Content-Class
  Content-Description Content-Disposition Content-Duration Content-ID Content-Language Content-Length
  Content-Location Content-MD5 Content-Transfer-Encoding Content-Type Date Delivered-To
  Disposition-Notification-Options Disposition-Notification-To DKIM-Signature DomainKey-Signature Errors-To From
  Importance In-Reply-To Keywords List-Archive List-Help List-Id List-Owner List-Post List-Subscribe
  List-Unsubscribe List-Unsubscribe-Post Message-Context Message-ID MIME-Version Organization
  Original-From Original-Message-ID Original-Recipient Original-Subject Precedence Priority References Reply-To
  Return-Path Return-Receipt-To Sender Sensitivity Solicitation Subject Thread-Index Thread-Topic User-Agent
  VBR-Info To Cc Bcc`;

describe('standsOnce', () => {
  it.each(PAGE.trim().split(/\s+/))('%s', (name) => {
    expect(standsOnce(name.toLowerCase())).toBe(true);
  });

  it.each([
    'Received',
    'X-Spam',
    'Authentication-Results',
    'ARC-Seal',
    'Resent-To',
    'X-List-Id',
    '',
  ])('not %j', (name) => {
    expect(standsOnce(name.toLowerCase())).toBe(false);
  });
});
