/** Something that the doctor noticed. */
export interface Finding {
  /** `error`: mail does not flow. `warning`: it may not, or not as meant. `info`: good to know. */
  readonly severity: 'error' | 'warning' | 'info';
  readonly text: string;
  /** What to change; null: nothing. */
  readonly advice: string | null;
}

export function info(text: string, advice: string | null = null): Finding {
  return { severity: 'info', text, advice };
}

export function warning(text: string, advice: string | null = null): Finding {
  return { severity: 'warning', text, advice };
}

export function error(text: string, advice: string | null = null): Finding {
  return { severity: 'error', text, advice };
}
