import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { parse } from 'yaml';
import { z } from 'zod';

import { certificates } from './certificates.ts';
import { Pop3RuleBook } from './pop3-rule.ts';
import type { Pop3Rule } from './pop3-rule.ts';
import { scriptOf } from './pop3-script.ts';
import type { Pop3Script } from './pop3-script.ts';
import type { ServerTls } from './pop3-host.ts';
import { USUAL_CAPABILITIES } from './scripted-pop3-server.ts';

const SCENARIO_FOLDER = fileURLToPath(new URL('../pop3/scenarios', import.meta.url));

const oneOrMore = <Value extends z.ZodType>(value: Value) =>
  z.union([value, z.array(value).min(1)]).optional();

const ruleSchema = z.strictObject({
  on: z.string().min(1),
  sessions: z.array(z.int().min(1)).optional(),
  times: z.int().min(1).optional(),
  ignored: z.boolean().optional(),
  instead: z.string().optional(),
  before: z.string().optional(),
  after: z.string().optional(),
  replace: z.array(z.strictObject({ find: z.string(), put: z.string() })).optional(),
  cut: oneOrMore(z.int()),
  cutBody: oneOrMore(z.int().min(0)),
  endless: z.string().min(1).optional(),
  every: z.int().min(1).optional(),
  wait: z.int().min(1).optional(),
  then: oneOrMore(z.enum(['close', 'reset', 'stall'])),
});

const expectationSchema = z.strictObject({
  status: oneOrMore(z.enum(['ok', 'failed', 'partial'])),
  kind: oneOrMore(z.enum(['connect', 'tls', 'login', 'protocol', 'timeout'])),
  error: z.string().optional(),
  fetched: z.int().min(0).optional(),
  left: z.int().min(0).optional(),
});

const scenarioSchema = z.strictObject({
  title: z.string().min(10),
  seen: z.string().optional(),
  server: z
    .strictObject({
      capabilities: z.array(z.string()).optional(),
      without: z.array(z.string()).optional(),
      tls: z.enum(['implicit', 'starttls']).optional(),
      stls: z.boolean().optional(),
      packetOctets: z.int().min(1).optional(),
      lineEnds: z.enum(['bare-status', 'bare']).optional(),
      losesPipelined: z.boolean().optional(),
    })
    .prefault({}),
  mailbox: z.record(z.string(), z.unknown()).prefault({}),
  limits: z.record(z.string(), z.unknown()).prefault({}),
  rules: z.array(ruleSchema).prefault([]),
  runs: z.int().min(1).prefault(1),
  expect: z.array(expectationSchema).min(1),
});

type ScenarioFile = z.output<typeof scenarioSchema>;
type RuleEntry = z.output<typeof ruleSchema>;

/** What the mailbox's run has to end with, beyond what holds for every scenario. */
export interface ScenarioExpectation {
  readonly status?: readonly string[];
  readonly kind?: readonly string[];
  readonly error?: string;
  readonly fetched?: number;
  readonly left?: number;
}

/** One way a scenario file can be played: a file with lists of cuts or ends is several. */
export interface Pop3Scenario {
  /** File and variant, for the test's name. */
  readonly name: string;
  readonly title: string;
  readonly tls: ServerTls | null;
  readonly capabilities: readonly string[];
  /** A new script: rules count how often they were met. */
  readonly script: () => Pop3Script;
  /** Settings of the mailbox, beside the usual ones. */
  readonly mailbox: Readonly<Record<string, unknown>>;
  readonly limits: Readonly<Record<string, unknown>>;
  /** Runs before the server mends its ways. */
  readonly runs: number;
  /** Takes the event loop for itself: many packets, or octets without an end. */
  readonly isBusy: boolean;
  /** One a run; the last stands for all that follow. */
  readonly expectations: readonly ScenarioExpectation[];
}

/** Every scenario of the folder, each variant by itself. @throws Error naming the file that cannot be read as one */
export function readScenarios(folder = SCENARIO_FOLDER): Pop3Scenario[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.yaml'))
    .sort()
    .flatMap((file) => readScenario(file, readFileSync(join(folder, file), 'utf8')));
}

/** @param file its name, for errors and for the test's name */
export function readScenario(file: string, text: string): Pop3Scenario[] {
  const result = scenarioSchema.safeParse(parse(text));
  if (!result.success) throw new Error(`${file}: ${z.prettifyError(result.error)}`);
  const entry = result.data;
  const name = file.replace(/\.yaml$/, '');
  return variantsOf(entry.rules).map(({ rules, words }) => ({
    name: [name, ...words].join(', '),
    title: entry.title,
    tls: tlsOf(entry),
    capabilities: capabilitiesOf(entry),
    script: () => ({
      ...scriptOf({ noStls: entry.server.stls === false }),
      rules: new Pop3RuleBook(rules),
      packetOctets: entry.server.packetOctets ?? null,
      lineEnds: entry.server.lineEnds ?? 'crlf',
      losesPipelined: entry.server.losesPipelined === true,
    }),
    mailbox: mailboxOf(entry),
    limits: entry.limits,
    runs: entry.runs,
    isBusy: isBusy(entry),
    expectations: entry.expect.map(expectationOf),
  }));
}

function isBusy({ server, rules }: ScenarioFile): boolean {
  const isFlood = rules.some(({ endless, every }) => endless !== undefined && every === undefined);
  return isFlood || server.packetOctets !== undefined;
}

function tlsOf({ server }: ScenarioFile): ServerTls | null {
  if (server.tls === undefined) return null;
  return { ...certificates.good, implicit: server.tls === 'implicit' };
}

function capabilitiesOf({ server }: ScenarioFile): readonly string[] {
  const all = server.capabilities ?? USUAL_CAPABILITIES;
  return all.filter((line) => server.without?.includes(line) !== true);
}

function mailboxOf({ server, mailbox }: ScenarioFile): Readonly<Record<string, unknown>> {
  if (server.tls === undefined) return mailbox;
  return { host: 'localhost', tls: server.tls, ca: certificates.authority, ...mailbox };
}

function expectationOf(entry: z.output<typeof expectationSchema>): ScenarioExpectation {
  const { status, kind, ...rest } = entry;
  const given = Object.entries(rest).filter(([, value]) => value !== undefined);
  return {
    ...(Object.fromEntries(given) as Omit<ScenarioExpectation, 'status' | 'kind'>),
    ...(status === undefined ? {} : { status: [status].flat() }),
    ...(kind === undefined ? {} : { kind: [kind].flat() }),
  };
}

interface Variant {
  readonly rules: readonly Pop3Rule[];
  /** What sets it apart from the others of its file. */
  readonly words: readonly string[];
}

/** Every combination of what the rules list. */
function variantsOf(entries: readonly RuleEntry[]): Variant[] {
  return entries.reduce<Variant[]>(
    (variants, entry) =>
      variants.flatMap(({ rules, words }) =>
        waysOf(entry).map((way) => ({
          rules: [...rules, way.rule],
          words: [...words, ...way.words],
        })),
      ),
    [{ rules: [], words: [] }],
  );
}

function waysOf(entry: RuleEntry): { rule: Pop3Rule; words: string[] }[] {
  const { cut, cutBody, then, replace, ...rest } = entry;
  const kept = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  const base = {
    ...(kept as unknown as Pop3Rule),
    ...(replace === undefined ? {} : { rewrite: rewriteBy(replace) }),
  };
  return listOf('cut', cut).flatMap((one) =>
    listOf('cutBody', cutBody).flatMap((two) =>
      listOf('then', then).map((three) => ({
        rule: { ...base, ...one.field, ...two.field, ...three.field },
        words: [...one.words, ...two.words, ...three.words],
      })),
    ),
  );
}

/** The values of a field of a rule, one a variant; a single one sets no variant apart. */
function listOf<Value extends string | number>(
  key: string,
  values: Value | Value[] | undefined,
): { field: Readonly<Record<string, Value>>; words: string[] }[] {
  if (values === undefined) return [{ field: {}, words: [] }];
  if (!Array.isArray(values)) return [{ field: { [key]: values }, words: [] }];
  return values.map((value) => ({ field: { [key]: value }, words: [`${key} ${value}`] }));
}

function rewriteBy(
  replacements: readonly { readonly find: string; readonly put: string }[],
): (answer: string) => string {
  return (answer) =>
    replacements.reduce(
      (text, { find, put }) => text.replaceAll(new RegExp(find, 'gm'), put),
      answer,
    );
}
