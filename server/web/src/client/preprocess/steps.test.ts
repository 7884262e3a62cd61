import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { render } from '../render/render.ts';
import type { Affine, Box, Step } from '../wire.ts';
import { withoutColors } from './gray.ts';
import { planned } from './steps.ts';

/** Written by Python (tests/replay_vectors.py) from the pipeline's own transforms and renderer. */
interface Replay {
  steps: Step[];
  box: Box;
  image: { width: number; height: number; rgb: string };
  affine: Affine;
  rendered: { width: number; height: number; rgb: string };
}

const file = new URL('../../../../../tests/vectors/replay.json', import.meta.url);
const { replays } = JSON.parse(readFileSync(file, 'utf8')) as { replays: Replay[] };

function picture({ width, height, rgb }: Replay['image']) {
  return { width, height, rgb: Uint8Array.from(Buffer.from(rgb, 'base64')) };
}

const cases = replays.map((replay, at) => [at, replay.steps.map(({ name }) => name).join(', '), replay] as const);

describe('the steps of a contract', () => {
  it.each(cases)('case %i make of an image what the pipeline makes of it: %s', (_at, _names, replay) => {
    const view = planned(replay.image, replay.steps, { box: replay.box });
    expect(view.size).toEqual({ width: replay.rendered.width, height: replay.rendered.height });
    for (const [at, value] of view.affine.entries()) expect(value).toBeCloseTo(replay.affine[at] as number, 9);
    const image = picture(replay.image);
    const found = render(view.isGray ? withoutColors(image) : image, view.passes);
    expect(found).toEqual(picture(replay.rendered));
  });
});
