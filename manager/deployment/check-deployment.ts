import { unreadableSecrets } from '../../shared/settings/check.ts';
import { parseSettings } from '../../shared/settings/schema.ts';
import type { ParsedSettings } from '../../shared/settings/schema.ts';
import type { Problem } from '../../shared/settings/settings.ts';
import type { TreeDocument } from '../../shared/settings/ssm-document.ts';
import { pullTree } from '../../shared/settings/ssm-tree.ts';
import type { Deployment } from './deployment.ts';

const SMTP_PORT = 25;

/** A configuration as plain data, and everything that is wrong with it. */
export interface CheckedDocument {
  readonly document: unknown;
  readonly problems: readonly Problem[];
}

/** Everything that is wrong with a deployment's configuration, secrets that cannot be read included. */
export async function checkDeployment({
  tree,
  deps,
  stack,
}: Pick<Deployment, 'tree' | 'deps' | 'stack'>): Promise<CheckedDocument> {
  const pulled = await pullTree(tree);
  const parsed = parseSettings(pulled.document, {});
  const problems = [
    ...pulled.generalProblems,
    ...pulled.brokenMailboxes.values(),
    ...withoutUnreadable(parsed, pulled),
    ...closedPort(parsed),
    ...missingRight(parsed, stack.sesFrom),
    ...(await unreadableSecrets(pulled.document, deps.secrets)),
  ];
  return { document: pulled.document, problems };
}

/** Of a mailbox that is no JSON nothing else needs to be said. */
function withoutUnreadable(parsed: ParsedSettings, pulled: TreeDocument): readonly Problem[] {
  const said = new Set(
    [...pulled.brokenMailboxes.keys()].flatMap((id) => parsed.broken.get(id) ?? []),
  );
  return parsed.problems.filter((problem) => !said.has(problem));
}

/** AWS closes the port for functions; for a network of one's own it is opened on request only. */
function closedPort({ general }: ParsedSettings): readonly Problem[] {
  const delivery = general?.delivery;
  if (delivery === undefined || delivery.transport === 'ses') return [];
  if (delivery.smtp.port !== SMTP_PORT) return [];
  return [
    {
      path: 'delivery.smtp.port',
      expected: 'a port that functions on AWS can reach (587, 465)',
      got: String(SMTP_PORT),
      hint: 'AWS closes outbound port 25 for Lambda',
      severity: 'warning',
    },
  ];
}

/** What the role may send as is the deployment's to say, since the configuration changes without one. */
function missingRight({ general }: ParsedSettings, allowed: string | null): readonly Problem[] {
  if (general?.delivery.transport !== 'ses') return [];
  const { from } = general.delivery.ses;
  if (allowed?.toLowerCase() === from.toLowerCase()) return [];
  return [
    {
      path: 'delivery.ses.from',
      expected: `the address that this stage may send as, ${allowed ?? 'which is none'}`,
      got: JSON.stringify(from),
      hint: `deploy again with -c sesFrom=${from}`,
      severity: 'warning',
    },
  ];
}
