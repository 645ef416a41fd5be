import { Stack, Validations } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

/**
 * Acknowledges one wildcard in the resources of a role's policy to cdk-nag, by its very text: any other wildcard on the
 * same role is a finding still.
 * @param resource the resource as it stands in the policy, tokens included
 * @param reason why it cannot be narrower
 */
export function acknowledgeWildcard(scope: Construct, resource: string, reason: string): void {
  Validations.of(scope).acknowledge({
    id: `AwsSolutions-IAM5[Resource::${textOf(Stack.of(scope).resolve(resource))}]`,
    reason,
  });
}

/** cdk-nag writes references as `<LogicalId>` and `<LogicalId.Attribute>`. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  const {
    'Fn::Join': joined,
    'Fn::GetAtt': attribute,
    Ref: reference,
  } = value as {
    'Fn::Join'?: readonly [string, readonly unknown[]];
    'Fn::GetAtt'?: readonly string[];
    Ref?: string;
  };
  if (joined !== undefined) return joined[1].map(textOf).join(joined[0]);
  return `<${attribute?.join('.') ?? reference ?? ''}>`;
}
