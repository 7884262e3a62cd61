import fc from 'fast-check';
import { expect, it } from 'vitest';
import vectors from '../../../../tests/vectors/canonical.json' with { type: 'json' };
import { canonicalJson } from './canonical.ts';
import { sha256Hex } from './digest.ts';

it.each(vectors)('$json is printed as Python prints it', async ({ json, canonical, sha256 }) => {
  const found = canonicalJson(JSON.parse(json));
  expect(found).toBe(canonical);
  expect(await sha256Hex(new TextEncoder().encode(found))).toBe(sha256);
});

it('is the same value, in one text whatever the order of the members', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
      const text = canonicalJson(value);
      // What JSON itself keeps of a value: -0 is 0 there.
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      expect(canonicalJson(JSON.parse(text))).toBe(text);
    }),
  );
});
