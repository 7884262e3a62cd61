import { writeRgbFast } from './four-pixels.ts';
import { inTurn, jobRunner } from './job.ts';
import { serve } from './serving.ts';

serve(inTurn(jobRunner(writeRgbFast)), (decoded) =>
  decoded instanceof Float32Array ? [decoded] : decoded.map(({ rgb }) => rgb),
);
