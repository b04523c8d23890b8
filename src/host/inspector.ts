// `atomalloc/inspector`: a live picture of a heap, for a browser on this machine.
//
//   const inspector = await serveInspector(heap);      in any thread that is attached
//   console.log(inspector.url);                        http://127.0.0.1:…/
//   await inspector.close();
//
// A page shows the map of pages, live bytes, rates and latencies of each worker, fragmentation,
// locks, deaths and transactions, as they change (inspector/page); `…/snapshot` is the same as
// JSON, once. Who serves is the thread that calls, on its event loop: while that is blocked the
// page stands still, and the heap does not notice. Nothing is looked at while nobody watches, and
// looking takes less than 1 % of this thread's time, however large the heap is: then it comes less
// often (broadcast.ts).
//
// Nothing can be changed through it, and of users' blocks there is only to be seen where they are
// and how large (answer.ts says who gets an answer).

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HeapError } from '../word/errors.ts';
import type { SharedHeap } from '../heap/heap.ts';
import { answer } from './inspector/answer.ts';
import { Broadcast } from './inspector/broadcast.ts';

export { Looker } from './inspector/look.ts';
export type {
  ClassLook,
  Headline,
  LockLook,
  OrderLook,
  Picture,
  WorkerLook,
  ZoneLook,
} from './inspector/look.ts';
export type { PageMapPicture, ZoneMap } from './inspector/pages.ts';
export type { Latency } from '../slot/latency.ts';

const LOOPBACK = '127.0.0.1';

/** Where a picture is served. */
export interface InspectorOptions {
  /** 0..65535; any that is free when it is 0 or not given. */
  readonly port?: number;
  /**
   * The address to listen at, or a name of it; 127.0.0.1 when not given: only this machine can see
   * the page. There are no passwords, so think twice before you give another.
   */
  readonly host?: string;
  /** Whether the server keeps the process alive, as servers do; true when not given. */
  readonly keepAlive?: boolean;
}

/** A page that is being served. */
export interface Inspector {
  /** Where a browser finds it. */
  readonly url: string;
  /** Ends it, with all connections; resolves when the port is free again. */
  close(): Promise<void>;
}

/**
 * Serves a live picture of the heap, which this thread is attached to, until it is closed. Resolves
 * when it can be opened. Throws BAD_OPTION for options that are none, and when the system does not
 * let it listen there: its message says why, its `cause` is the system's.
 */
export async function serveInspector(
  heap: SharedHeap,
  { port = 0, host = LOOPBACK, keepAlive = true }: InspectorOptions = {},
): Promise<Inspector> {
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new HeapError('BAD_OPTION', `port is 0 to 65535, not ${String(port)}`);
  }
  const broadcast = new Broadcast(heap);
  const server = createServer((request, response) => answer(request, response, host, broadcast));
  if (!keepAlive) server.on('connection', (socket) => socket.unref());
  await listen(server, port, host);
  if (!keepAlive) server.unref();
  return { url: urlOf(server.address() as AddressInfo), close: () => close(server, broadcast) };
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const taken = cause.code === 'EADDRINUSE' ? 'it is in use: give another port, or 0' : cause;
      const message = `cannot listen at ${host}, port ${String(port)}: ${String(taken)}`;
      const error = new HeapError('BAD_OPTION', message);
      error.cause = cause;
      reject(error);
    });
    server.listen(port, host, resolve);
  });
}

function close(server: Server, broadcast: Broadcast): Promise<void> {
  broadcast.end();
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** A server that listens everywhere is found at home. */
function urlOf({ address, family, port }: AddressInfo): string {
  const own = address === '::' || address === '0.0.0.0' ? LOOPBACK : address;
  return `http://${family === 'IPv6' && own !== LOOPBACK ? `[${own}]` : own}:${String(port)}/`;
}
