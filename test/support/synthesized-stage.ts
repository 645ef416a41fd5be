import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';

import { MailferryStack } from '../../infra/aws/mailferry-stack.ts';
import { resolvedText } from '../../infra/aws/resolved-text.ts';
import type { StageOptions } from '../../infra/aws/stage-options.ts';
import { FUNCTION_NAMES } from '../../infra/aws/timings.ts';

/** The template of one stage, with stand-ins for the bundles: what is in them is not the template's business. */
export function synthesizedStage(options: Partial<StageOptions> = {}): Template {
  withoutSlowValidation();
  const folder = mkdtempSync(join(tmpdir(), 'mailferry-synth-'));
  try {
    const bundles = writeStandInBundles(folder);
    const app = new App({ outdir: join(folder, 'out'), analyticsReporting: false });
    const stage = options.stage ?? 'prod';
    const stack = new MailferryStack(app, `Mailferry-${stage}`, {
      stage,
      deliveryConcurrency: 4,
      fetchConcurrency: 8,
      alertAddress: null,
      ses: null,
      ...options,
      bundles,
    });
    return Template.fromStack(stack);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The construct library's own validation takes seconds, and `npm run synth` runs it. */
export function withoutSlowValidation(): void {
  process.env['CDK_VALIDATION'] = 'false';
}

/** Files in place of the functions' bundles. @returns their folder */
export function writeStandInBundles(folder: string): string {
  const bundles = join(folder, 'bundles');
  for (const name of FUNCTION_NAMES) {
    mkdirSync(join(bundles, name), { recursive: true });
    writeFileSync(join(bundles, name, 'index.mjs'), `// ${name}\n`);
  }
  return bundles;
}

export interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: unknown;
}

/** Statements of the roles' policies, by the capability and what in it has the role: `FetchingFunction`, `SweepingTick`. */
export function roleStatements(template: Template): ReadonlyMap<string, readonly Statement[]> {
  const policies = template.findResources('AWS::IAM::Policy') as Record<
    string,
    { Properties: { PolicyDocument: { Statement: readonly Statement[] } } }
  >;
  return new Map(
    Object.entries(policies).map(([id, policy]) => [
      id.slice(0, id.indexOf('RoleDefaultPolicy')),
      policy.Properties.PolicyDocument.Statement,
    ]),
  );
}

export function actionsOf(statement: Statement): readonly string[] {
  return typeof statement.Action === 'string' ? [statement.Action] : statement.Action;
}

/** Resources of a statement as texts: `Fn::Join` put together, references as `{LogicalId}`. */
export function resourcesOf(statement: Statement): readonly string[] {
  const { Resource: resource } = statement;
  return (Array.isArray(resource) ? resource : [resource]).map(textOf);
}

function textOf(value: unknown): string {
  return resolvedText(value, (id) => `{${id}}`);
}
