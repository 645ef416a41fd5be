import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Has V8 collect its garbage now, some 20 ms. At the start of a process it lets tens of megabytes pile up before it
 * does so for the first time; from then on it goes by what is alive.
 */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
}
