import type { RoutingInput } from '../../shared/routing/decide.ts';
import type {
  GeneralSettings,
  GlobalMailbox,
  UserMailbox,
} from '../../shared/settings/settings.ts';

const common = {
  id: 'everyone',
  host: 'pop.provider.example',
  port: 995,
  tls: 'implicit',
  allowCleartext: false,
  ca: null,
  fingerprint: null,
  username: 'catchall@corp.example',
  password: { kind: 'named', name: 'everyone' },
  oauth: null,
  auth: 'auto',
  schedule: { kind: 'never' },
  keep: 'none',
  initial: 'all',
  spam: null,
} as const;

export function globalMailbox(overrides: Partial<GlobalMailbox> = {}): GlobalMailbox {
  return {
    ...common,
    type: 'global',
    recipientSource: [{ kind: 'to' }],
    rules: [],
    ignore: new Set(),
    loopAddress: null,
    undeliverable: 'admin@corp.example',
    ...overrides,
  };
}

export function userMailbox(deliverTo: readonly string[]): UserMailbox {
  return { ...common, type: 'user', deliverTo, undeliverable: null };
}

export type GeneralOverrides = Partial<Omit<GeneralSettings, 'delivery'>> & {
  readonly sender?: string;
};

function generalSettings({ sender, ...overrides }: GeneralOverrides = {}): GeneralSettings {
  return {
    domains: ['corp.example'],
    undeliverable: 'admin@corp.example',
    delivery: {
      transport: 'smtp',
      smtp: {
        host: 'mail.corp.example',
        port: 587,
        tls: 'starttls',
        allowCleartext: false,
        ca: null,
        fingerprint: null,
        username: null,
        password: null,
      },
      sender: sender ?? 'original',
      concurrency: 4,
      giveUpAfterMs: 432_000_000,
    },
    aliases: new Map(),
    recipients: null,
    spam: null,
    limits: {
      messageBytes: null,
      messagesPerRun: null,
      bytesPerRun: null,
      messagesPerSession: 1000,
      runMs: 840_000,
      rememberMs: 30 * 24 * 3_600_000,
    },
    logLevel: 'info',
    ...overrides,
  };
}

/** Mail for a global mailbox of corp.example, unless told otherwise. */
export function routingInput(
  overrides: Partial<Omit<RoutingInput, 'general' | 'header'>> & {
    readonly header?: Buffer | string;
    readonly general?: GeneralOverrides;
  } = {},
): RoutingInput {
  const { header, general, ...rest } = overrides;
  return {
    key: { mailbox: 'everyone', sha256: 'ab'.repeat(32) },
    bodyDigest: 'cd'.repeat(32),
    mailbox: globalMailbox(),
    loopKey: Buffer.from('a key of this instance'),
    hostName: 'ferry.corp.example',
    now: Date.UTC(2026, 10, 23, 9, 11, 26),
    ...rest,
    header: typeof header === 'string' ? Buffer.from(header, 'latin1') : (header ?? Buffer.of()),
    general: generalSettings(general),
  };
}
