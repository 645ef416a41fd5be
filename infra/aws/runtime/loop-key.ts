import { Failure } from '../../../shared/failure.ts';
import type { Secrets } from '../../../shared/settings/settings.ts';

/** Name of the secret that signs our marker field; the first `config push` makes it. */
const LOOP_SECRET = { kind: 'named', name: 'mailferry-loop' } as const;
const LOOP_KEY = /^[0-9a-f]{64}$/i;

/** @throws Failure `secret`, permanent, when it is not what `config push` makes */
export async function readLoopKey(secrets: Secrets): Promise<Buffer> {
  const text = (await secrets.read(LOOP_SECRET)).trim();
  if (LOOP_KEY.test(text)) return Buffer.from(text, 'hex');
  throw new Failure(
    'secret',
    'permanent',
    `expected 64 hex digits in the secret ${LOOP_SECRET.name}, got ${text.length} characters of something else`,
  );
}
