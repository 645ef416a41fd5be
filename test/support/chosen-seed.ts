import { randomInt } from 'node:crypto';

/** The seed of a test with chance in it: a new one at each run, or that of `MAILFERRY_TEST_SEED`, to have a run again. */
export function chosenSeed(environment: NodeJS.ProcessEnv = process.env): number {
  const wanted = Number(environment['MAILFERRY_TEST_SEED']);
  return Number.isSafeInteger(wanted) ? wanted : randomInt(2 ** 31);
}
