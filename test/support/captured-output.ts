import { vi } from 'vitest';

export interface CapturedOutput {
  readonly stdout: () => string;
  readonly stderr: () => string;
  restore(): void;
}

/** Takes what this process writes, until it is restored: to run the command's own code without a new process. */
export function captureOutput(): CapturedOutput {
  const into = (stream: NodeJS.WriteStream) => {
    const written: string[] = [];
    const spy = vi.spyOn(stream, 'write').mockImplementation((chunk) => {
      written.push(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8'));
      return true;
    });
    return {
      text: () => written.join(''),
      restore: () => {
        spy.mockRestore();
      },
    };
  };
  const out = into(process.stdout);
  const err = into(process.stderr);
  return {
    stdout: out.text,
    stderr: err.text,
    restore: () => {
      out.restore();
      err.restore();
    },
  };
}
