// A page and its workers as a browser gets them: bundled by Vite as a user's would be, against the
// built package by its public names, and served from memory with the headers that are asked for.

import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { build, type Plugin, type Rolldown } from 'vite';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));
const ISOLATING = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
};
/** By the first folder of the address. */
const HEADERS = {
  plain: {},
  isolated: ISOLATING,
  strict: { ...ISOLATING, 'content-security-policy': "worker-src 'none'" },
};
const TYPES = { html: 'text/html', js: 'text/javascript', css: 'text/css' };

export type Kind = keyof typeof HEADERS;

export interface Site {
  readonly port: number;
  close(): void;
}

/** The package by its own name, as Node resolves it: Vite looks in node_modules only. */
export const ownName: Plugin = {
  name: 'own name',
  enforce: 'pre',
  resolveId: (id) =>
    /^atomalloc(\/|$)/.test(id) ? createRequire(import.meta.url).resolve(id) : null,
};

export type Output = Rolldown.RolldownOutput['output'];

async function bundle(): Promise<ReadonlyMap<string, string>> {
  const plugins = [ownName];
  const built = (await build({
    root: FOLDER,
    base: './',
    configFile: false,
    logLevel: 'error',
    build: { write: false },
    plugins,
    worker: { plugins: () => plugins },
  })) as Rolldown.RolldownOutput;
  return new Map(
    built.output.map((it) => [it.fileName, it.type === 'chunk' ? it.code : String(it.source)]),
  );
}

/** Serves the page in each of the folders. */
export async function openSite(): Promise<Site> {
  const files = await bundle();
  const server = createServer(({ url = '' }, response) => {
    const [, kind, ...rest] = url.split('/');
    const name = rest.join('/') || 'index.html';
    const text = files.get(name);
    if (text === undefined) return void response.writeHead(404).end();
    const type = TYPES[name.split('.').at(-1) as keyof typeof TYPES];
    const headers = HEADERS[kind as Kind];
    response.writeHead(200, { 'content-type': type, ...headers }).end(text);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return { port, close: () => void server.close() };
}
