/**
 * What a provider puts before each local part (qmail and its kin, `12-chris@corp.example`): the part by which an
 * address that it noted differs from one that somebody wrote, if all that it noted begin so.
 * @param noted lower case, as `visible`
 * @returns null where there is none
 */
export function commonPrefix(noted: readonly string[], visible: readonly string[]): string | null {
  const written = new Set(visible);
  const tried = new Set<string>();
  for (const address of noted) {
    for (let length = 1; length < address.indexOf('@'); length += 1) {
      const prefix = address.slice(0, length);
      if (!written.has(address.slice(length)) || tried.has(prefix)) continue;
      if (noted.every((one) => one.startsWith(prefix))) return prefix;
      tried.add(prefix);
    }
  }
  return null;
}
