import { element } from './element.ts';

/** The Okabe-Ito colours, which people with any kind of colour vision tell apart; the theme defines `.hue-0` … */
const HUES = 7;

/** Outlines of the second, third and fourth round of hues. */
const DASHES = ['', '6 3', '2 2', '8 2 2 2'];

/** The CSS class that sets `--hue` for a class or keypoint id. */
export function hueClass(id: number): string {
  return `hue-${id % HUES}`;
}

/** The dash pattern that tells classes of one hue apart. */
export function dashOf(id: number): string {
  return DASHES[Math.floor(id / HUES) % DASHES.length] ?? '';
}

/** A name with its colour before it. */
export function classChip(id: number, name: string): HTMLElement {
  return element(
    'span',
    { class: `chip ${hueClass(id)}` },
    element('i', { class: 'dot', 'aria-hidden': 'true' }),
    name,
  );
}
