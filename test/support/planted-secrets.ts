/** Something that must not be found, and how it is called when it is. */
export interface Planted {
  readonly name: string;
  readonly text: string;
}

/** A password in each form in which a session carries it (SASL PLAIN and LOGIN send base64). */
export function plantedPassword(name: string, username: string, password: string): Planted[] {
  const base64 = (text: string) => Buffer.from(text).toString('base64').replace(/=+$/, '');
  return [
    { name, text: password },
    { name: `${name} in base64`, text: base64(password) },
    { name: `${name} as PLAIN`, text: base64(`\0${username}\0${password}`) },
  ];
}

/** What of it stands in some text or octets: names, and where. Neither is quoted. */
export function leaksIn(
  places: ReadonlyMap<string, string | Buffer>,
  planted: readonly Planted[],
): string[] {
  return [...places].flatMap(([place, content]) =>
    planted.filter(({ text }) => content.includes(text)).map(({ name }) => `${name} in ${place}`),
  );
}
