import { spawn, type ChildProcess } from 'node:child_process';

import { DelayedNetwork, missingForDelay, type FarAway } from './delayed-network.ts';

/** How a benchmark that has been started again beside the servers learns where far-away clients run. */
const WORDS = ['--far-away', 'JSON'] as const;

/**
 * Makes two namespaces with a delaying link and runs the same script again in the one of the servers; both go when
 * the script has ended, however it ends.
 * @param script path of the script
 * @returns its exit status; null: this is that second run already, or no delay is asked for
 */
export async function runNearServers(
  script: string,
  words: readonly string[],
  delayMs: number,
): Promise<number | null> {
  if (delayMs === 0 || farAway(words) !== null) return null;
  const missing = missingForDelay();
  if (missing.length > 0) {
    console.log(
      `a line with a delay needs ${missing.join(', ')}; without it: npm run bench… -- --delay 0`,
    );
    return 1;
  }
  let child: ChildProcess | null = null;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      // The second run stops its servers; only then may the namespaces go.
      if (child === null) process.exit(1);
      child.kill(signal);
    });
  }
  const network = await DelayedNetwork.make(delayMs);
  try {
    const again = [process.execPath, script, ...words, WORDS[0], JSON.stringify(network.clients)];
    const [program = '', ...args] = network.nearServers(again);
    child = spawn(program, args, { stdio: 'inherit' });
    return await ended(child);
  } finally {
    network.remove();
  }
}

/** Where the far-away clients run; null: there is no such place. */
export function farAway(words: readonly string[]): FarAway | null {
  const at = words.indexOf(WORDS[0]);
  return at === -1 ? null : (JSON.parse(words[at + 1] ?? '') as FarAway);
}

function ended(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => {
      resolve(status ?? 1);
    });
  });
}
