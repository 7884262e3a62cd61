/** A worker's script as a function of its `self`; see worker-function.ts, of the build. */
declare module '*?function' {
  const work: (self: Pick<MessagePort, 'onmessage' | 'postMessage'>) => void;
  export default work;
}
