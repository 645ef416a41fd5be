import { expect, test } from 'vitest';

import { withPlainKeys } from '../../../infra/aws/plain-schema-keys.ts';

test('a computed key that stands for a text becomes that text, any other stays', () => {
  const source =
    'const _h = "http";\nconst other = 1;\nexport var a = [{ [_h]: 1, [_x]: 2 }, [_h]];';
  expect(withPlainKeys(source)).toBe(
    'const _h = "http";\nconst other = 1;\nexport var a = [{ "http": 1, [_x]: 2 }, [_h]];',
  );
});
