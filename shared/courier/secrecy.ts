/** Takes what is secret out of a text that a server sent. */
export type Conceal = (text: string) => string;

/** Replaces the password, and the forms in which PLAIN (RFC 4616) and LOGIN send it: a lying server may echo them. */
export function concealer(username: string, password: string): Conceal {
  const sent = [password, `\0${username}\0${password}`];
  const encoded = sent.map((form) => Buffer.from(form).toString('base64'));
  const secrets = [...encoded, password].filter((secret) => secret !== '');
  return (text) => secrets.reduce((shown, secret) => shown.replaceAll(secret, '***'), text);
}

/** A command of an AUTH exchange: only the mechanism is kept, since also the user name is nobody else's business. */
export function withoutCredentials(command: string): string {
  const mechanism = /^AUTH [A-Z0-9-]+/i.exec(command)?.[0];
  return mechanism === undefined ? '***' : `${mechanism} ***`;
}
