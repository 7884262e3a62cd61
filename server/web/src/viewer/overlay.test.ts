import { describe, expect, it } from 'vitest';
import { flagWords, isUnsure } from './flags.ts';
import { pathOf } from './overlay.ts';

describe('pathOf', () => {
  it('closes every ring of an instance', () => {
    expect(pathOf([[0, 0, 1.5, 0, 1, 2]])).toBe('M0 0 L1.5 0 L1 2Z');
    expect(
      pathOf([
        [0, 0, 1, 0, 1, 1],
        [5, 5, 6, 5, 6, 6],
      ]),
    ).toBe('M0 0 L1 0 L1 1ZM5 5 L6 5 L6 6Z');
    expect(pathOf([])).toBe('');
  });
});

describe('flags', () => {
  it.each([
    [0, [], false],
    [1, ['crowd'], true],
    [4, ['truncated'], false],
    [6, ['difficult', 'truncated'], true],
  ])('%i', (flags, words, unsure) => {
    expect([flagWords(flags), isUnsure(flags)]).toEqual([words, unsure]);
  });
});
