/** What the bits of a box's flags mean. */
const FLAGS: readonly [number, string][] = [
  [1, 'crowd'],
  [2, 'difficult'],
  [4, 'truncated'],
];

/** The words for a box's flags. */
export function flagWords(flags: number): string[] {
  return FLAGS.filter(([bit]) => flags & bit).map(([, word]) => word);
}

/** Whether a box says "hard to tell" rather than "here it is": a crowd, or difficult. */
export function isUnsure(flags: number): boolean {
  return (flags & 3) !== 0;
}
