import { runJob } from './job.ts';
import { serve } from './serving.ts';

serve(runJob, (decoded) => (decoded instanceof Float32Array ? [decoded] : decoded.map(({ rgb }) => rgb)));
