import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');

/** A command as a page shows it. */
export interface DocumentedCommand {
  readonly page: string;
  readonly text: string;
}

/** What a reader may be told to type. */
const PROGRAMS = [
  ...['npx', 'npm', 'node', 'mailferry', 'cdk', 'aws', 'curl', 'git', 'sudo', 'apt', 'apt-get'],
  ...['systemctl', 'journalctl', 'docker', 'pip', 'python3', 'openssl', 'umask', 'cat', 'chmod'],
  ...['mkdir', 'cp', 'mv', 'rm', 'export', 'New-ServicePrincipal', 'Add-MailboxPermission'],
  ...['New-ApplicationAccessPolicy', 'Set-CASMailbox', 'msmtp', 'swaks', 'sqlite3', 'tar'],
];
const COMMAND = new RegExp(`^(?:${PROGRAMS.join('|')})(?: |$)`);
/** In running text `cat` or `git` alone are words. */
const IN_TEXT = /^(?:npx|npm|mailferry|cdk|aws|node) /;

function pages(): readonly string[] {
  const docs = readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md'));
  return ['README.md', 'SECURITY.md', ...docs.map((name) => `docs/${name}`)];
}

/** Every command of README.md, SECURITY.md and docs/*.md: in blocks that are no YAML, and between backticks. */
export function documentedCommands(): readonly DocumentedCommand[] {
  return pages().flatMap((page) => {
    const text = readFileSync(join(ROOT, page), 'utf8');
    const block = /^[ \t]*```(\w*)\n([\s\S]*?)^[ \t]*```/gm;
    const blocks = [...text.matchAll(block)].filter(([, language]) => !isData(language));
    const lines = blocks.flatMap(([, , body = '']) => joined(body).split('\n'));
    const spans = [...text.replaceAll(block, '').matchAll(/`([^`\n]+)`/g)];
    const shown = [
      ...lines.flatMap(commandsIn).filter((one) => COMMAND.test(one)),
      ...spans.map(([, span = '']) => span.trim()).filter((one) => IN_TEXT.test(one)),
    ];
    return shown.map((one) => ({ page, text: one }));
  });
}

/** Without values and what only narrows it: `mailferry explain --key --stage` for each way to write it. */
export function keyOf(text: string): string {
  const words = text.replace(/^npx (?=mailferry|cdk)/, '').split(/\s+/);
  const [program = ''] = words;
  if (program === 'npm') return text.replace(/ -- .*$/, '');
  if (program !== 'mailferry') return program === 'cdk' ? words.slice(0, 2).join(' ') : text;
  const verbs = words.slice(1).filter((word) => /^[a-z]+$/.test(word));
  const grouped = ['mailbox', 'failed', 'config', 'log'].includes(verbs[0] ?? '');
  const flags = words.filter((word) => KINDS.includes(word));
  return [program, ...verbs.slice(0, grouped ? 2 : 1), ...[...new Set(flags)].sort()].join(' ');
}

/** Options that make another command of one. */
const KINDS = ['--once', '--last', '--key', '--presets', '--stage'];

function isData(language: string | undefined): boolean {
  return ['yaml', 'json', 'ini', 'ts', 'xml'].includes(language ?? '');
}

/** Lines that go on in the next one, and what a here-document holds, are one. */
function joined(body: string): string {
  return body.replaceAll(/\\\n\s*/g, '').replaceAll(/<<'?(\w+)'?\n[\s\S]*?\n\s*\1\n/g, '<<$1\n');
}

function commandsIn(line: string): string[] {
  return (
    line
      .replace(/\s+#.*$/, '')
      .split('&&')
      // A variable in front belongs to the reader.
      .map((one) => one.trim().replace(/^(?:[A-Z_]+=\S+ )+/, ''))
  );
}
