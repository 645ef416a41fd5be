/** Where recipients are read from; of a list the first that yields an accepted address decides. */
export type RecipientSource = HeaderSource | ReceivedSource | { readonly kind: 'to' | 'resent' };

/** A field that the provider writes for the envelope's recipient. */
export interface HeaderSource {
  readonly kind: 'header';
  /** As configured; compared without case. */
  readonly header: string;
  /** Among the fields of that name: 1 is the topmost, 2 the one below; -1 the last, -2 the one above. */
  readonly position: number;
  /** Taken off the front of the local part once, whatever its case; null: nothing is. */
  readonly prefix: string | null;
  /** Only fields above the topmost Received whose `by` host ends so count; null: all. */
  readonly by: string | null;
}

/** The `for` of the topmost Received whose `by` host ends so. */
export interface ReceivedSource {
  readonly kind: 'received';
  /** `provider.example`: itself and what lies beneath. */
  readonly by: string;
}

/** Recipients by the text of header fields. */
export interface RoutingRule {
  readonly when: RuleConditions;
  /** Added to the recipients found; configured targets, so in any domain. */
  readonly deliverTo: readonly string[];
}

/** All that are given have to hold. Texts as configured; contained, whatever the case, in a field as people read it. */
export interface RuleConditions {
  readonly to: string | null;
  readonly cc: string | null;
  /** In To or in Cc. */
  readonly any: string | null;
  /** Name of a field to text. */
  readonly header: Readonly<Record<string, string>>;
}

/** What to do with mail in which the provider's filter left its verdict. */
export interface SpamRule {
  readonly header: string;
  /** As whole words, whatever their case, in the field as people read it. */
  readonly value: string;
  readonly action: 'deliver' | 'hold' | 'undeliverable';
}
