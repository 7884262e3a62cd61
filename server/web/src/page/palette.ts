import { element } from './element.ts';

/** The Okabe-Ito colours, which people with any kind of colour vision tell apart; the theme defines `.hue-0` … */
const HUES = 7;

/** Outlines of the second, third and fourth round of hues. */
const DASHES = ['', '6 3', '2 2', '8 2 2 2'];

/** The CSS class that sets `--hue` for a class or keypoint id; an id below 0 stands for no class. */
export function hueClass(id: number): string {
  return id < 0 ? 'hue-none' : `hue-${id % HUES}`;
}

/** A colour's parts, 0…255. */
export type Rgb = readonly [red: number, green: number, blue: number];

const found = new Map<string, Rgb>();

/** The same colour in numbers, for canvases, as the theme has it. */
export function hueColor(id: number): Rgb {
  const name = hueClass(id);
  let color = found.get(name);
  if (!color) {
    const probe = element('i', { class: name, hidden: true });
    document.body.append(probe);
    color = rgbOf(getComputedStyle(probe).getPropertyValue('--hue'));
    probe.remove();
    found.set(name, color);
  }
  return color;
}

/** The parts of a colour written as #rrggbb, or #rgb, which is what a minifier makes of some. */
export function rgbOf(hex: string): Rgb {
  const digits = hex.trim().slice(1);
  const value = Number.parseInt(digits.length === 3 ? digits.replace(/./g, '$&$&') : digits, 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
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
