import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseLabels, parseStored, sampleViews } from './labels.ts';

/** A shard's document with these samples, its members in the order of the wire. */
function documentOf(samples: readonly unknown[], id = 'train-0', split = 'train'): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ id, samples, split }));
}

const textsOf = (stored: Uint8Array): string[] => sampleViews(stored).map((view) => new TextDecoder().decode(view));

/** Strings that look like JSON themselves, and any others. */
const strings = fc.oneof(fc.stringMatching(/^["\\{}[\],: é😀\u2028]{0,12}$/u), fc.string({ unit: 'grapheme' }));
const values = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.integer(),
    fc.double(),
    strings,
    fc.constant(null),
    tie('list'),
    tie('object'),
  ),
  list: fc.array(tie('value'), { maxLength: 4 }),
  object: fc.dictionary(strings, tie('value'), { maxKeys: 4 }),
}));
const samples = fc.array(fc.dictionary(strings, values.value, { maxKeys: 5 }), { maxLength: 6 });

describe('sampleViews', () => {
  it('gives each sample as JSON prints it alone', () => {
    fc.assert(
      fc.property(samples, strings, strings, (some, id, split) => {
        expect(textsOf(documentOf(some, id, split))).toEqual(some.map((sample) => JSON.stringify(sample)));
      }),
    );
  });

  it('leaves the text as it is: no order of members, no number is printed anew', () => {
    const text = '{ "10":1,"2": 1.50,"a":1e2,"b":{"2":{},"10":[{}]}}';
    expect(textsOf(new TextEncoder().encode(`{"id":"{","samples":[${text},{}],"split":"\\"}"}`))).toEqual([text, '{}']);
  });

  it('takes strings of any length', () => {
    const sample = { key: '\\"{'.repeat(2_000_000) };
    expect(textsOf(documentOf([sample]))).toEqual([JSON.stringify(sample)]);
  });
});

describe('parseLabels', () => {
  it('gives the samples', () => {
    expect(parseLabels(documentOf([{ key: 'a' }, { key: 'é' }]))).toEqual([{ key: 'a' }, { key: 'é' }]);
  });

  it('finds no end where there is none', () => {
    const whole = documentOf([{ key: 'a' }]);
    for (let end = 0; end < whole.length; end++) expect(textsOf(whole.subarray(0, end)).length).toBe(end < 38 ? 0 : 1);
  });

  it('says that what is stored is damaged', () => {
    const cut = documentOf([{ key: 'a' }]).subarray(0, 30);
    expect(() => parseLabels(cut)).toThrow(/^labels: wanted what was stored, found .* Call verify\(\)/);
    expect(() => parseStored(cut)).toThrow(expect.objectContaining({ code: 'storage' }));
  });
});
