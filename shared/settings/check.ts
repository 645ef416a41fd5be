import { asFailure } from '../failure.ts';
import type { Place } from './problem.ts';
import { isBlock, valueAt, wrong } from './schema-fields.ts';
import { secretRef } from './schema-secret.ts';
import { parseBeside, readSettingsFile } from './settings-file.ts';
import type { Problem, SecretRef, Secrets } from './settings.ts';

/**
 * Everything that is wrong with a configuration file, secrets that cannot be read included: what the command checks
 * at its start, and what `mailferry check` prints. Connects to nothing.
 * @param secrets null: not looked at, for commands that log in nowhere
 */
export async function checkConfiguration(
  file: string,
  secrets: Secrets | null,
): Promise<readonly Problem[]> {
  const { document, problems } = await readSettingsFile(file);
  if (problems.length > 0) return problems;
  const { parsed } = parseBeside(file, document, null);
  if (secrets === null) return parsed.problems;
  return [...parsed.problems, ...(await unreadableSecrets(document, secrets))];
}

/** The secrets that a document names and that cannot be read. */
export async function unreadableSecrets(
  document: unknown,
  secrets: Secrets,
): Promise<readonly Problem[]> {
  const problems = await Promise.all(
    secretRefs(document).map(({ ref, place }) => problemOf(ref, place, secrets)),
  );
  return problems.filter((problem) => problem !== null);
}

/** Where secrets stand in a mailbox. */
const MAILBOX_SECRETS: readonly Place[] = [
  ['password'],
  ['oauth', 'clientSecret'],
  ['oauth', 'refreshToken'],
];

interface PlacedSecret {
  readonly ref: SecretRef;
  readonly place: Place;
}

/** Read from the document itself: a mailbox that is wrong otherwise may lack its secret as well. */
function secretRefs(document: unknown): readonly PlacedSecret[] {
  const mailboxes = valueAt(document, ['mailboxes']);
  const ids = isBlock(mailboxes) ? Object.keys(mailboxes) : [];
  const places: readonly Place[] = [
    ['delivery', 'smtp', 'password'],
    ...ids.flatMap((id) => MAILBOX_SECRETS.map((steps) => ['mailboxes', id, ...steps])),
  ];
  return places.flatMap((place) => {
    const ref = secretRef.safeParse(valueAt(document, place));
    return ref.success ? [{ ref: ref.data, place }] : [];
  });
}

async function problemOf(ref: SecretRef, place: Place, secrets: Secrets): Promise<Problem | null> {
  try {
    await secrets.read(ref);
    return null;
  } catch (error) {
    const got = asFailure(error).message;
    return { ...wrong(place, 'a secret that can be read', undefined), got };
  }
}
