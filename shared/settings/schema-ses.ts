import { isBlock } from './schema-fields.ts';
import { address, block, lineOfText, optional, orElse, scalar } from './schema-value.ts';
import type { SesSettings } from './settings.ts';

/** What SES takes as name and value of a message tag. */
const TAG = /^[A-Za-z0-9_-]{1,256}$/;
/** SES takes 50; the connector adds one. */
const MOST_TAGS = 49;
const TAGS_FORM = `a block of at most ${MOST_TAGS} tags, names and values of letters, digits, "_" and "-"`;

/** AWS's own form, `eu-central-1`, `us-gov-west-1`. */
const REGION = /^[a-z]{2}(?:-[a-z]+)+-\d$/;

export const sesShape = {
  from: address,
  configurationSet: optional(lineOfText),
  region: optional(
    scalar('the name of an AWS region, such as eu-central-1', (value) =>
      typeof value === 'string' && REGION.test(value) ? value : null,
    ),
  ),
  tags: orElse(scalar(TAGS_FORM, parseTags), {}),
};

export const sesBlock = block(sesShape);

function parseTags(value: unknown): SesSettings['tags'] | null {
  if (!isBlock(value)) return null;
  const tags = Object.entries(value);
  const isSound = tags.every(
    ([name, text]) => TAG.test(name) && typeof text === 'string' && TAG.test(text),
  );
  return isSound && tags.length <= MOST_TAGS ? (value as SesSettings['tags']) : null;
}
