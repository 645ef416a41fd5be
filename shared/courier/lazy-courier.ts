import type { Courier } from './courier.ts';

/**
 * A courier whose code is loaded with its first parcel.
 * @param recipientsAtOnce what the courier itself will say
 */
export function lazyCourier(recipientsAtOnce: number, load: () => Promise<Courier>): Courier {
  let loading: Promise<Courier> | null = null;
  return {
    recipientsAtOnce,
    async deliver(parcel) {
      loading ??= load();
      return (await loading).deliver(parcel);
    },
    async close() {
      await (await loading)?.close();
    },
  };
}
