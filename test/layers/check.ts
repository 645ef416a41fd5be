import { createRequire } from 'node:module';

import { cruise } from 'dependency-cruiser';
import type { ICruiseOptions, ICruiseResult, IFlattenedRuleSet } from 'dependency-cruiser';

const require = createRequire(import.meta.url);

interface Configuration extends IFlattenedRuleSet {
  readonly options: ICruiseOptions;
}

/** Rules that a planted file breaks on purpose: a checker that misses one of these proves nothing by its silence. */
const PLANTED = [
  'pure-mail-and-routing',
  'pure-reaches-only-pure',
  'use-cases-know-ports-only',
  'use-cases-without-io',
  'shared-knows-no-host',
  'no-cycles',
  'everything-resolves',
];

/** A tree with fewer modules was not read. */
const FEWEST_MODULES = 60;

async function check(): Promise<number> {
  const tree = await violationsIn(
    ['functions', 'shared', 'infra', 'manager', 'test'],
    'test/layers/planted',
  );
  const planted = await violationsIn(['test/layers/planted'], undefined);
  const seen = new Set(planted.summary.violations.map((one) => one.rule.name));
  const missed = PLANTED.filter((rule) => !seen.has(rule));

  for (const { rule, from, to } of tree.summary.violations)
    console.error(`${rule.name}: ${from} → ${to}`);
  for (const rule of missed) console.error(`the planted violation of ${rule} was not seen`);
  const modules = tree.summary.totalCruised;
  if (modules < FEWEST_MODULES)
    console.error(`expected at least ${FEWEST_MODULES} modules, read ${modules}`);
  console.log(
    `layers: ${modules} modules, ${tree.summary.violations.length} violations, ` +
      `${PLANTED.length - missed.length} of ${PLANTED.length} planted violations seen`,
  );
  const isWell =
    tree.summary.violations.length === 0 && missed.length === 0 && modules >= FEWEST_MODULES;
  return isWell ? 0 : 1;
}

async function violationsIn(folders: string[], except: string | undefined): Promise<ICruiseResult> {
  const { options, ...ruleSet } = require('../../.dependency-cruiser.cjs') as Configuration;
  const exclude = except === undefined ? {} : { exclude: { path: except } };
  const result = await cruise(folders, { ...options, ...exclude, validate: true, ruleSet });
  if (typeof result.output === 'string') throw new Error('expected a result, got a text');
  return result.output;
}

process.exitCode = await check();
