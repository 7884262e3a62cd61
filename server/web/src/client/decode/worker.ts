import { writeRgbFast } from './four-pixels.ts';
import { inTurn, jobRunner } from './job.ts';
import { serve } from './serving.ts';
import { sheetsOf } from './sheet.ts';

serve(inTurn(jobRunner(writeRgbFast, sheetsOf)), (decoded) =>
  decoded instanceof Float32Array ? [decoded] : decoded.map(({ rgb }) => rgb),
);
