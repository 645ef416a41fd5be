/** A small sound configuration as plain data, made anew for each test. */
export function sampleDocument(): SampleDocument {
  return {
    domains: ['corp.example'],
    undeliverable: 'admin@corp.example',
    delivery: { smtp: { host: 'mail.corp.example' } },
    mailboxes: {
      chris: {
        type: 'user',
        host: 'pop.provider.example',
        username: 'chris',
        password: { secret: 'chris' },
        deliverTo: ['chris@corp.example'],
      },
      everyone: {
        type: 'global',
        host: 'pop.provider.example',
        username: 'catchall@corp.example',
        password: { secret: 'everyone' },
      },
    },
  };
}

export interface SampleDocument {
  [key: string]: unknown;
  delivery: { [key: string]: unknown; smtp: Record<string, unknown> };
  mailboxes: { [id: string]: unknown; chris: Entry; everyone: Entry };
}

type Entry = Record<string, unknown>;
