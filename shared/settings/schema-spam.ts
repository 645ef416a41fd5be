import type { z } from 'zod';
import { fieldName } from './schema-source.ts';
import { block, choice, lineOfText, optional } from './schema-value.ts';
import type { SpamRule } from './settings.ts';

export const spamShape = {
  header: fieldName,
  value: lineOfText.refine((value) => value.trim() !== '', {
    error: 'a text with more than blanks',
  }),
  action: choice(['deliver', 'hold', 'undeliverable']),
};

/** `{ header: X-Spam-Flag, value: "YES", action: undeliverable }`, in general or of a mailbox. */
export const spam: z.ZodType<SpamRule | null> = optional(block(spamShape));
