/** One system call as `strace -f -y` shows it; `begun` and `ended` are places in the trace, in the kernel's order. */
export interface SystemCall {
  readonly name: string;
  /** All that stands between the parentheses, with the paths of descriptors in angle brackets. */
  readonly text: string;
  readonly begun: number;
  readonly ended: number;
}

const WHOLE = /^(\d+)\s+(\w+)\((.*)\)\s+=\s+(\d+)/;
const BEGUN = /^(\d+)\s+(\w+)\((.*) <unfinished \.\.\.>$/;
const RESUMED = /^(\d+)\s+<\.\.\. (\w+) resumed>(.*)\)\s+=\s+(\d+)/;

/** The calls that succeeded, in the order they ended. A call that another thread's line came between has two lines. */
export function readTrace(trace: string): SystemCall[] {
  const underWay = new Map<string, { text: string; begun: number }>();
  return trace.split('\n').flatMap((line, at) => {
    const begun = groupsOf(BEGUN, line);
    if (begun !== null) underWay.set(begun.thread, { text: begun.text, begun: at });
    const resumed = groupsOf(RESUMED, line);
    if (resumed !== null) {
      const start = underWay.get(resumed.thread) ?? { text: '', begun: at };
      const text = start.text + resumed.text;
      return [{ name: resumed.name, text, begun: start.begun, ended: at }];
    }
    const whole = groupsOf(WHOLE, line);
    return whole === null ? [] : [{ name: whole.name, text: whole.text, begun: at, ended: at }];
  });
}

function groupsOf(
  pattern: RegExp,
  line: string,
): { thread: string; name: string; text: string } | null {
  const match = pattern.exec(line);
  if (match === null) return null;
  const [, thread = '', name = '', text = ''] = match;
  return { thread, name, text };
}
