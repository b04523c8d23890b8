// `atomalloc/node`: what users call that needs Node's own modules. It is apart from the rest, which
// a browser can load.

export {
  FileError,
  readFileShared,
  type FileChunk,
  type FileErrorCode,
  type ReadOptions,
} from './files.ts';
