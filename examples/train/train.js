// Trains a small network on `make demo`'s faces. In this folder, with that server at http://127.0.0.1:8000 started with
// --cors-origin http://localhost:5173:   npm install "$(npm pack --silent ../../server/web/src/client)" \
//                                          @tensorflow/tfjs@4 vite && npx vite
import * as tf from '@tensorflow/tfjs';
import { openDataset } from 'dataprep-client';

const server = new URLSearchParams(location.search).get('server') ?? 'http://127.0.0.1:8000';
const faces = openDataset(server, 'sample', { tf });
await faces.sync({ onProgress: ({ bytesDone, bytesTotal }) => console.log(`${bytesDone} of ${bytesTotal} bytes`) });

const { image, classes } = await faces.index();
const inputShape = [image.height, image.width, 3];
const model = tf.sequential();
model.add(tf.layers.conv2d({ inputShape, filters: 8, kernelSize: 5, strides: 4, activation: 'relu' }));
model.add(tf.layers.flatten());
model.add(tf.layers.dense({ units: classes.length, activation: 'softmax' }));
model.compile({ optimizer: tf.train.adam(0.003), loss: 'categoricalCrossentropy' });

for (let epoch = 0; epoch < 5; epoch += 1) {
  const losses = [];
  for await (const { xs, ys } of faces.batches({ split: 'train', batchSize: 32, epoch })) {
    losses.push(await model.trainOnBatch(xs, ys));
    tf.dispose([xs, ys]); // yours to dispose
  }
  const mean = losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
  document.body.append(`Epoch ${epoch + 1}: loss ${mean.toFixed(3)}. `);
}
await model.save('indexeddb://faces');
document.body.append('Saved.');
