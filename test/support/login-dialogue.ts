import { openMaildrop } from './open-maildrop.ts';
import type { OpenOptions } from './open-maildrop.ts';
import { startScriptedDialogue } from './scripted-dialogue.ts';
import type { DialogueStep } from './scripted-dialogue.ts';

export interface PlayedLogin {
  /** The mechanism that let the client in, or what it was rejected with. */
  readonly outcome: unknown;
  /** The client's lines after CAPA. */
  readonly received: readonly string[];
}

export interface LoginScene {
  readonly options?: OpenOptions;
  readonly greeting?: string;
  /** Lines of CAPA; null: -ERR. PIPELINING is added, so that nobody asks again after the login. */
  readonly capabilities?: readonly string[] | null;
}

/** One login to a server that plays a fixed part after greeting and CAPA. */
export async function playLogin(
  { options = {}, greeting = '+OK ready', capabilities = [] }: LoginScene,
  ...steps: readonly DialogueStep[]
): Promise<PlayedLogin> {
  const answer =
    capabilities === null
      ? '-ERR unknown command\r\n'
      : `+OK\r\n${['PIPELINING', ...capabilities].join('\r\n')}\r\n.\r\n`;
  const server = await startScriptedDialogue([
    { send: `${greeting}\r\n` },
    { expect: 'CAPA' },
    { send: answer },
    ...steps,
  ]);
  try {
    const outcome = await openMaildrop(server.port, options).then(
      (maildrop) => {
        maildrop.abandon();
        return maildrop.mechanism;
      },
      (error: unknown) => error,
    );
    return { outcome, received: server.received.slice(1) };
  } finally {
    await server.close();
  }
}

export function base64(text: string | Buffer): string {
  return Buffer.from(text).toString('base64');
}

/** A challenge of the server. */
export function challenge(text: string | Buffer): DialogueStep {
  return { send: `+ ${base64(text)}\r\n` };
}
