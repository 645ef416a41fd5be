import type { Notice } from './notice.ts';

/** Port: tells those who look after a deployment, beside the mail that may be what does not work. */
export interface AlarmTopic {
  /**
   * At least once: what was told just before a process died is told again.
   * @throws Failure `internal`, temporary, when it could not be told
   */
  tell(alarm: Pick<Notice, 'subject' | 'text'>): Promise<void>;
}

/** On one machine there is none: status, log and notices tell. */
export const noAlarmTopic: AlarmTopic = { tell: () => Promise.resolve() };
