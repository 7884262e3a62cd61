import { expect, it } from 'vitest';
import { dashOf, hueClass, rgbOf } from './palette.ts';

it('begins again after the last colour, with another dash', () => {
  expect([hueClass(7), hueClass(13), dashOf(0), dashOf(7)]).toEqual(['hue-0', 'hue-6', '', '6 3']);
});

it('has a colour for what has no class', () => {
  expect([hueClass(-1), dashOf(-1)]).toEqual(['hue-none', '']);
});

it('reads colours as the theme writes them, and as a minifier shortens them', () => {
  expect(rgbOf(' #0072b2')).toEqual([0, 0x72, 0xb2]);
  expect([rgbOf('#fff'), rgbOf('#1af')]).toEqual([
    [255, 255, 255],
    [0x11, 0xaa, 0xff],
  ]);
});
