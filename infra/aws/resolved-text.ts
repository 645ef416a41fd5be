/**
 * A value of a template as one text: `Fn::Join` put together.
 * @param ofReference how a reference is written: its logical id, and the attribute where it is one
 */
export function resolvedText(
  value: unknown,
  ofReference: (id: string, attribute?: string) => string,
): string {
  if (typeof value === 'string') return value;
  const {
    'Fn::Join': joined,
    'Fn::GetAtt': attribute,
    Ref: reference = '',
  } = value as {
    'Fn::Join'?: readonly [string, readonly unknown[]];
    'Fn::GetAtt'?: readonly [string, string];
    Ref?: string;
  };
  if (joined === undefined) return ofReference(attribute?.[0] ?? reference, attribute?.[1]);
  return joined[1].map((part) => resolvedText(part, ofReference)).join(joined[0]);
}
