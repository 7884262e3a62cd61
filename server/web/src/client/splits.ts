const ORDER = ['train', 'val', 'test'];

/** Names of splits in the order in which people think of them: train, val, test. JSON has them sorted by name. */
export function inSplitOrder(names: Iterable<string>): string[] {
  const place = (name: string): number => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length);
  return [...names].sort((a, b) => place(a) - place(b) || (a < b ? -1 : 1));
}
