import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { splitHeader } from '../../shared/mail/header-block.ts';
import { decide } from '../../shared/routing/decide.ts';
import type { Decided, RoutingInput } from '../../shared/routing/decide.ts';
import type { Decision } from '../../shared/routing/decision.ts';
import { settingsOf } from '../support/sample-settings.ts';

/** What stands in a case's JSON file: settings as in `mailferry.yaml`, and the decision that is right. */
interface Case {
  /** What the case shows, with the RFC or the system it comes from. */
  readonly about: string;
  /** `as they are`: the line ends are the point, and the message is run only so. */
  readonly lines?: 'as they are';
  /** Of the only mailbox, `everyone`; type `global` unless it says otherwise. */
  readonly mailbox?: Readonly<Record<string, unknown>>;
  /** `domains`, `aliases`, `recipients`, `spam`, `delivery` … */
  readonly general?: Readonly<Record<string, unknown>> & {
    readonly delivery?: Readonly<Record<string, unknown>>;
  };
  readonly expect: Expected;
}

export interface Expected {
  readonly outcome: Decision['outcome'];
  /** `address source`, then the alias where there is one, then `#number` of the rule. */
  readonly recipients?: readonly string[];
  readonly recipientCount?: number;
  /** `address source: reason`. */
  readonly ignored?: readonly string[];
  readonly ignoredCount?: number;
  readonly mailFrom?: string;
  readonly removed?: readonly string[];
  readonly renamed?: Readonly<Record<string, string>>;
  readonly added?: readonly string[];
  /** Within the only warning. */
  readonly warning?: string;
  /** First line of what goes out. */
  readonly top?: string;
  /** All behind the first empty line of what goes out. */
  readonly body?: string;
  /** Somewhere in what goes out. */
  readonly contains?: string;
  /** Another case, `providers/050`: to the recipients they are copies of one mail, or two mails. */
  readonly sameAs?: string;
  readonly differsFrom?: string;
}

const folder = fileURLToPath(new URL('.', import.meta.url));

/** `rfc/001`, in their order. */
export const CASES = globSync('*/*.eml', { cwd: folder })
  .map((file) => file.replace(/\.eml$/, ''))
  .sort();

export function readCase(name: string): Case {
  return JSON.parse(readFileSync(`${folder}${name}.json`, 'utf8')) as Case;
}

export function readMessage(name: string): Buffer {
  return readFileSync(`${folder}${name}.eml`);
}

/** What of a case decides. */
export type CaseSettings = Pick<Case, 'mailbox' | 'general'>;

/** The decision for a message by the settings of a case. */
export function decideCase(settings: CaseSettings, message: Buffer): Decided {
  return decide(caseInput(settings, message));
}

/** @throws Error when the settings are wrong */
export function caseInput({ mailbox, general }: CaseSettings, message: Buffer): RoutingInput {
  const split = splitHeader(message, true);
  if (split === null) throw new Error('a whole message has a header block');
  const settings = settingsOf({
    domains: ['corp.example'],
    undeliverable: 'admin@corp.example',
    ...general,
    delivery: { smtp: { host: 'mail.corp.example' }, ...general?.delivery },
    mailboxes: {
      everyone: {
        type: 'global',
        host: 'pop.provider.example',
        username: 'catchall',
        password: { secret: 'everyone' },
        ...mailbox,
      },
    },
  });
  const everyone = settings.mailboxes.get('everyone');
  if (everyone === undefined) throw new Error('the only mailbox is broken');
  return {
    header: split.header,
    key: { mailbox: 'everyone', sha256: sha256(message) },
    bodyDigest: sha256(message.subarray(split.bodyStart)),
    mailbox: everyone,
    general: settings.general,
    loopKey: Buffer.from('a key of this instance'),
    hostName: 'ferry.corp.example',
    now: Date.UTC(2026, 10, 23, 9, 11, 26),
  };
}

function sha256(octets: Buffer): string {
  return createHash('sha256').update(octets).digest('hex');
}
