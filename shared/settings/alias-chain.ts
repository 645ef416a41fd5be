/** What is wrong with a chain: the addresses that lead round in a circle. */
export type Circle = readonly string[];

/**
 * Follows each alias to its ends, so that one look finds the primary addresses. An alias that names itself among
 * others (`chris: [chris, archive]`) ends there.
 * @param aliases lower-case address to its targets as written
 * @returns the same addresses with their ends, and a circle where there is one; what lies in it ends at itself
 */
export function followAliases(aliases: ReadonlyMap<string, readonly string[]>): {
  readonly ends: ReadonlyMap<string, readonly string[]>;
  readonly circle: Circle | null;
} {
  const walk = new AliasWalk(aliases);
  const ends = new Map([...aliases.keys()].map((alias) => [alias, walk.endsOf(alias)]));
  return { ends, circle: walk.circle };
}

class AliasWalk {
  circle: Circle | null = null;
  readonly #aliases: ReadonlyMap<string, readonly string[]>;
  readonly #known = new Map<string, readonly string[]>();
  /** The aliases from the one asked for down to the one that is looked at. */
  readonly #path: string[] = [];

  constructor(aliases: ReadonlyMap<string, readonly string[]>) {
    this.#aliases = aliases;
  }

  endsOf(alias: string): readonly string[] {
    const known = this.#known.get(alias);
    if (known !== undefined) return known;
    this.#path.push(alias);
    // The first way of writing an address counts.
    const ends = new Map<string, string>();
    for (const target of this.#aliases.get(alias) ?? []) {
      for (const end of this.#follow(target, alias)) {
        const key = end.toLowerCase();
        if (!ends.has(key)) ends.set(key, end);
      }
    }
    this.#path.pop();
    this.#known.set(alias, [...ends.values()]);
    return [...ends.values()];
  }

  #follow(target: string, alias: string): readonly string[] {
    const key = target.toLowerCase();
    if (key === alias || !this.#aliases.has(key)) return [target];
    const begin = this.#path.indexOf(key);
    if (begin === -1) return this.endsOf(key);
    this.circle ??= [...this.#path.slice(begin), key];
    return [target];
  }
}
