// Comlink's endpoint for a thread of Node. Its types say that it is a default export; to Node,
// which loads what comlink calls its UMD build, it is the module itself.

import adapter from 'comlink/dist/umd/node-adapter.js';

export const nodeEndpoint = adapter as unknown as typeof adapter.default;
