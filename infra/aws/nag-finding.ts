import { Stack, Validations } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import { resolvedText } from './resolved-text.ts';

/**
 * Acknowledges one wildcard in the resources of a role's policy to cdk-nag, by its very text: any other wildcard on the
 * same role is a finding still.
 * @param resource the resource as it stands in the policy, tokens included
 * @param reason why it cannot be narrower
 */
export function acknowledgeWildcard(scope: Construct, resource: string, reason: string): void {
  Validations.of(scope).acknowledge({
    id: `AwsSolutions-IAM5[Resource::${findingText(Stack.of(scope).resolve(resource))}]`,
    reason,
  });
}

/** cdk-nag writes references as `<LogicalId>` and `<LogicalId.Attribute>`. */
function findingText(value: unknown): string {
  return resolvedText(value, (id, attribute) =>
    attribute === undefined ? `<${id}>` : `<${id}.${attribute}>`,
  );
}
