import { sampleDocument } from './sample-document.ts';
import type { SampleDocument } from './sample-document.ts';

/** A sound configuration with every setting that says who gets a message, in each of its forms. */
export function routingDocument(): SampleDocument {
  const document = sampleDocument();
  Object.assign(document, {
    domains: ['corp.example', '*.corp.example', 'bücher.example'],
    aliases: {
      'info@corp.example': ['chris@corp.example', 'kelly@corp.example'],
      'staff@bücher.example': ['info@corp.example', 'ext@partner.example'],
    },
    recipients: ['chris@corp.example', 'kelly@corp.example'],
    spam: { header: 'X-Spam-Flag', value: 'YES', action: 'undeliverable' },
  });
  Object.assign(document.mailboxes.chris, {
    undeliverable: null,
    spam: { header: 'X-Spam-Status', value: 'Yes', action: 'deliver' },
  });
  Object.assign(document.mailboxes.everyone, {
    recipientSource: [
      { header: 'X-Original-To', position: 1, by: 'provider.example' },
      { header: 'Delivered-To', position: -1, prefix: '12-' },
      { received: 'mx.provider.example' },
      'gmx-ionos',
      'resent',
      'to',
    ],
    ignore: ['catchall@corp.example'],
    rules: [
      {
        when: { any: 'mailinglist@treyresearch.example' },
        deliverTo: ['kelly@corp.example', 'ext@partner.example'],
        expect: [{ to: '"Trey" <MailingList@TreyResearch.example>' }],
      },
      {
        // What SSM takes for a reference to another parameter, and what is no ASCII.
        when: { cc: '{{ssm:x}}', header: { 'List-Id': 'Grüße', Subject: 'a "b" \\ c' } },
        deliverTo: ['chris@corp.example'],
      },
    ],
    undeliverable: 'office@corp.example',
    spam: { header: 'X-Verdict', value: 'bad mail', action: 'hold' },
  });
  return document;
}
