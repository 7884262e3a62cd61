const COUNT = new Intl.NumberFormat('en-GB');

/** 12,345 */
export function countText(n: number): string {
  return COUNT.format(n);
}

/** "1 sample", "2 samples" */
export function countOf(n: number, noun: string): string {
  return `${countText(n)} ${noun}${n === 1 ? '' : 's'}`;
}

/** Bytes in decimal units with three digits: 999 B, 1.23 kB, 45.6 MB. */
export function bytesText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  // Just below 1000 would be shown as 1000 of the smaller unit.
  while (unit < units.length - 1 && value >= 999.5) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

/** A number for a table: at most three decimals, no trailing zeros. */
export function decimalText(value: number): string {
  return String(Math.round(value * 1000) / 1000);
}
