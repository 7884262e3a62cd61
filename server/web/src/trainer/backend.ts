import * as tf from '@tensorflow/tfjs';

/** The backend that training runs on. */
export type BackendName = 'webgl' | 'cpu';

/** Takes WebGL where it works, else the processor. */
export async function startBackend(): Promise<BackendName> {
  // setBackend gives false where there is no WebGL; a driver that refuses the context may also throw.
  const webgl = await tf.setBackend('webgl').catch(() => false);
  if (!webgl) await tf.setBackend('cpu');
  await tf.ready();
  return webgl ? 'webgl' : 'cpu';
}
