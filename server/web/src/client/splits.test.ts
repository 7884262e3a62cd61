import { expect, it } from 'vitest';
import { inSplitOrder } from './splits.ts';

it('puts train, val and test first, the others by name', () => {
  expect(inSplitOrder(['zoo', 'test', 'ant', 'train', 'val'])).toEqual(['train', 'val', 'test', 'ant', 'zoo']);
  expect(inSplitOrder(Object.keys({ test: 1, val: 2 }))).toEqual(['val', 'test']);
});
