import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readPlace, writePlace } from './place.ts';

it('comes back from its address unchanged', () => {
  const text = fc.string({ unit: 'grapheme' });
  const place = fc.record({
    dataset: text,
    view: fc.constantFrom('samples' as const, 'ledger' as const),
    split: text,
    class: text,
    key: text,
    status: text,
  });
  fc.assert(
    fc.property(place, (there) => {
      expect(readPlace(writePlace(there))).toEqual(there);
    }),
  );
});

it('is of the samples when the address says nothing', () => {
  expect(readPlace('')).toEqual({ dataset: '', view: 'samples', split: '', class: '', key: '', status: '' });
});
