import Table from 'cli-table3';

import { decide } from '../../shared/routing/decide.ts';
import { explainInWords } from '../../shared/routing/explain.ts';
import { caseInput } from '../corpus/corpus-case.ts';
import type { CaseSettings } from '../corpus/corpus-case.ts';

/**
 * `npm run bench:route`: how long a decision takes by the size of the header, in CPU time, so that a busy machine
 * changes little. The budget: a header of 1 MiB, or of 10,000 addresses, decides in less than a second, and twice the
 * size takes no more than twice the time. Ends with status 1 where a header is over the second.
 */
const SMALLEST = 128 * 1024;
const SIZES = [1, 2, 4, 8].map((times) => times * SMALLEST);
const ROUNDS = 5;
const BUDGET_MS = 1000;
/** Measured times scatter; from the smallest size to the largest, a growth that is not linear stands out by far. */
const SCATTER = 2;

interface Shape {
  readonly name: string;
  readonly settings?: CaseSettings;
  /** A header of about so many octets. */
  readonly header: (octets: number) => string;
}

const RULES = [{ when: { header: { Subject: 'nowhere in it' } }, deliverTo: ['x@corp.example'] }];

const SHAPES: readonly Shape[] = [
  {
    name: 'fields that nobody reads',
    header: (octets) => repeated(`X-Pad: ${'x'.repeat(69)}\r\n`)(octets),
  },
  { name: 'fields of three octets', header: repeated('a:\n') },
  { name: 'To: addresses of people', header: field('To: ', people(24)) },
  { name: 'To: the shortest addresses', header: field('To: ', repeated('a@b,')) },
  {
    name: 'To: names in quotes, comments',
    header: field('To: ', repeated('"A, \\"b\\"" (c (d)) <a@b.example>, ')),
  },
  { name: 'To: international domains', header: field('To: ', repeated('ü@bücher.example, ')) },
  {
    name: 'To: comments as deep as it is long',
    header: field('To: ', (octets) => '('.repeat(octets / 2) + ')'.repeat(octets / 2)),
  },
  { name: 'To: nothing that is ever closed', header: field('To: ', repeated('(<"')) },
  { name: 'To: groups in groups', header: field('To: ', repeated('a:')) },
  { name: 'To: dots and blanks', header: field('To: ', repeated('. ')) },
  { name: 'To: one source route', header: field('To: <', repeated('@a.example,')) },
  {
    name: 'many To, an address each',
    header: (octets) => `To: a@b.example${','.repeat(100)}\r\n`.repeat(octets / 117),
  },
  {
    name: 'Envelope-To, then To',
    settings: { mailbox: { recipientSource: ['exim', 'to'] } },
    header: (octets) =>
      field('Envelope-To: ', people(24))(octets / 2) + field('To: ', people(24))(octets / 2),
  },
  {
    name: 'Received for',
    settings: { mailbox: { recipientSource: [{ received: 'provider.example' }, 'to'] } },
    header: (octets) =>
      field('Received: ', repeated('from a (b "c) by d for <e@f> '))(octets / 90).repeat(90),
  },
  {
    name: 'Subject: encoded words, a rule',
    settings: { mailbox: { rules: RULES } },
    header: field('Subject: ', repeated('=?utf-8?q?=C3=BC?=\r\n =?koi8-r?b?8NLJ18XU?= ')),
  },
  {
    name: 'Subject: accents, a rule',
    settings: { mailbox: { rules: RULES } },
    header: field('Subject: ', repeated('u\u0308\u0301')),
  },
];

function repeated(unit: string): (octets: number) => string {
  const length = Buffer.byteLength(unit);
  return (octets) => unit.repeat(Math.ceil(octets / length));
}

function field(start: string, value: (octets: number) => string): (octets: number) => string {
  return (octets) => `${start}${value(octets)}\r\n`;
}

/** Addresses of so many octets each with their comma. */
function people(octetsEach: number): (octets: number) => string {
  return (octets) =>
    Array.from({ length: octets / octetsEach }, (_, index) =>
      `u${index}@other.example`.padEnd(octetsEach - 2, 'x'),
    ).join(', ');
}

/** Milliseconds of CPU, the middle of some rounds. */
function decisionTime({ header, settings = {} }: Shape, octets: number): number {
  const message = Buffer.from(`${header(octets)}From: a@b.example\r\n\r\n`);
  const times = Array.from({ length: ROUNDS }, () => {
    const begun = process.cpuUsage();
    explainInWords(decide(caseInput(settings, message)).decision);
    const { user, system } = process.cpuUsage(begun);
    return (user + system) / 1000;
  });
  return times.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? Number.NaN;
}

/** 1,250 to 10,000 addresses, whatever the size. */
const TEN_THOUSAND: Shape = {
  name: '1,250 · 2,500 · 5,000 · 10,000 addresses',
  header: (octets) => field('To: ', people(24))((octets / SMALLEST) * 1250 * 24),
};

function main(): number {
  const head = ['header of', ...SIZES.map((octets) => `${octets / 1024} KiB`), 'growth', 'verdict'];
  const table = new Table({ head, style: { head: [], border: [] } });
  let worst = 0;
  for (const shape of [...SHAPES, TEN_THOUSAND]) {
    decisionTime(shape, SMALLEST);
    const times = SIZES.map((octets) => decisionTime(shape, octets));
    worst = Math.max(worst, ...times);
    table.push([
      shape.name,
      ...times.map((ms) => `${ms.toFixed(1)} ms`),
      growth(times),
      verdict(times),
    ]);
  }
  process.stdout.write(`${table.toString()}\n`);
  process.stdout.write(`slowest decision: ${worst.toFixed(0)} ms of CPU, budget ${BUDGET_MS} ms\n`);
  return worst < BUDGET_MS ? 0 : 1;
}

/** From one size to the next, twice as long. */
function growth(times: readonly number[]): string {
  return times
    .slice(1)
    .map((ms, index) => `x${(ms / (times[index] ?? ms)).toFixed(1)}`)
    .join(' ');
}

function verdict(times: readonly number[]): string {
  const [first = 0] = times;
  const last = times.at(-1) ?? 0;
  return last / first <= 2 ** (times.length - 1) * SCATTER ? 'linear' : 'MORE THAN LINEAR';
}

process.exitCode = main();
