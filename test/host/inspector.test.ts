// The inspector as a client meets it: over HTTP, with good manners and bad.

import { execFile } from 'node:child_process';
import { request, type IncomingHttpHeaders } from 'node:http';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { serveInspector, type Inspector } from '../../src/host/inspector.ts';
import { isOwnName } from '../../src/host/inspector/answer.ts';
import { SharedHeap } from '../../src/index.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

let heap: SharedHeap;
let inspector: Inspector;
beforeEach(async () => {
  heap = SharedHeap.create({ size: '4MiB', maxSlots: 2 });
  inspector = await serveInspector(heap);
});
afterEach(async () => {
  await inspector.close();
  heap.detach();
});

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** As `fetch`, which lets nobody choose these headers. */
function ask(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(new URL(path, inspector.url), { method, headers }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      answer.on('end', () => {
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text });
      });
    });
    asked.on('error', reject).end();
  });
}

describe('what is served', () => {
  test('is the page, and everything that it loads, and what that loads', async () => {
    const seen = new Set<string>();
    const waiting = ['/'];
    for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
      if (seen.has(path)) continue;
      seen.add(path);
      const { status, headers, text } = await ask(path);
      expect([path, status, text.length > 100]).toEqual([path, 200, true]);
      expect(headers['content-type']).toMatch(/^text\/(html|css|javascript); charset=utf-8$/);
      const named = text.matchAll(/(?:src|href|from)[= ]["'](\.{0,2}\/[\w./]+)["']/g);
      for (const [, to = ''] of named)
        waiting.push(new URL(to, new URL(path, inspector.url)).pathname);
    }
    expect([...seen]).toEqual(
      expect.arrayContaining(['/style.css', '/uplot.js', '/wording.js', '/page/colours.js']),
    );
  });

  test('says of each answer that nothing else may load it, keep it or frame it', async () => {
    for (const path of ['/', '/snapshot', '/page/page.js', '/nothing']) {
      const { headers } = await ask(path);
      expect(headers).toMatchObject({
        'cache-control': 'no-store',
        'cross-origin-resource-policy': 'same-origin',
        'x-content-type-options': 'nosniff',
      });
      const policy = headers['content-security-policy'];
      expect(policy).toMatch(/^default-src 'none'; script-src 'self'; /);
      expect(policy).toContain("frame-ancestors 'none'");
      expect(headers['access-control-allow-origin']).toBeUndefined();
    }
  });

  test('is a snapshot of the heap as it is', async () => {
    const ptr = heap.alloc(100);
    const { headers, text } = await ask('/snapshot');
    expect(headers['content-type']).toBe('application/json');
    expect(JSON.parse(text).headline).toMatchObject({ liveBlocks: 1, liveBytes: 112 });
    const [worker] = JSON.parse(text).workers;
    expect(worker.slowAllocLatency).toMatchObject({ samples: 0, p50Microseconds: 0 });
    heap.free(ptr);
    heap.detach();
    await expect.poll(async () => (await ask('/snapshot')).status, { timeout: 20_000 }).toBe(503);
  });

  test('is nothing that is a file elsewhere', async () => {
    for (const path of [
      '/nothing',
      '/page/',
      '/page/..%2fanswer.js',
      '/../package.json',
      '/look.js',
    ]) {
      expect(await ask(path)).toMatchObject({ status: 404 });
    }
  });
});

describe('who asks', () => {
  test('has to call it by a name of its own', async () => {
    const { host } = new URL(inspector.url);
    for (const name of [host, 'localhost', 'LOCALHOST:1234', '[::1]:99', '127.0.0.1']) {
      expect([name, (await ask('/', { host: name })).status]).toEqual([name, 200]);
    }
    for (const name of [
      'evil.example',
      'localhost.evil.example',
      '127.0.0.1.evil.example',
      'a b',
    ]) {
      expect([name, (await ask('/snapshot', { host: name })).status]).toEqual([name, 403]);
    }
    expect(isOwnName('heap.lan:80', 'heap.lan')).toBe(true);
    expect(isOwnName('heap.lan:80', '127.0.0.1')).toBe(false);
    expect(isOwnName(undefined, '127.0.0.1')).toBe(false);
    expect(isOwnName('', '127.0.0.1')).toBe(false);
  });

  test('can only look', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS']) {
      expect(await ask('/', {}, method)).toMatchObject({ status: 405, headers: { allow: 'GET' } });
    }
  });

  test('is no other site, but may follow a link from one', async () => {
    const from = (site: string, mode: string) =>
      ask('/', { 'sec-fetch-site': site, 'sec-fetch-mode': mode });
    expect((await from('same-origin', 'cors')).status).toBe(200);
    expect((await from('none', 'navigate')).status).toBe(200);
    expect((await from('cross-site', 'navigate')).status).toBe(200);
    expect((await from('cross-site', 'no-cors')).status).toBe(403);
    expect((await from('same-site', 'cors')).status).toBe(403);
  });
});

describe('its life', () => {
  test('events come until it is closed, which ends them and gives the port back', async () => {
    const response = await fetch(new URL('/events', inspector.url));
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    while ((text.match(/^data: .*\n\n/gm)?.length ?? 0) < 2) text += (await reader.read()).value;
    const [, first = ''] = /^data: (.*)\n\n/m.exec(text) ?? [];
    expect(JSON.parse(first).headline).toMatchObject({ liveBlocks: 0 });
    await inspector.close();
    await inspector.close(); // once more does no harm
    for (let done = false; !done;) ({ done } = await reader.read());
    await expect(fetch(inspector.url)).rejects.toThrow('fetch failed');
    const { port } = new URL(inspector.url);
    inspector = await serveInspector(heap, { port: Number(port) });
    expect(new URL(inspector.url).port).toBe(port);
  });

  test('it listens at home unless told otherwise, and says where', async () => {
    expect(inspector.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
    const everywhere = await serveInspector(heap, { host: '0.0.0.0' });
    expect(everywhere.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
    expect((await fetch(everywhere.url)).status).toBe(200);
    await everywhere.close();
  });

  test('a port that is none, or not to be had, is refused with advice', async () => {
    for (const port of [-1, 65_536, 1.5, Number.NaN, '80' as unknown as number]) {
      const refusal = { code: 'BAD_OPTION', message: expect.stringContaining('0 to 65535') };
      await expect(serveInspector(heap, { port })).rejects.toMatchObject(refusal);
    }
    const port = Number(new URL(inspector.url).port);
    await expect(serveInspector(heap, { port })).rejects.toMatchObject({
      code: 'BAD_OPTION',
      message: expect.stringMatching(/in use: give another port, or 0$/),
      cause: expect.objectContaining({ code: 'EADDRINUSE' }),
    });
  });

  test.each([
    ['when the last inspector is closed', '{}', 'await inspector.close()'],
    ['at once, while it is watched, if it is not to be kept alive', '{ keepAlive: false }', ''],
  ])('the process ends by itself %s', async (_, options, end) => {
    const program = `
      import { SharedHeap } from 'atomalloc';
      import { serveInspector } from 'atomalloc/inspector';
      import { get } from 'node:http';
      const heap = SharedHeap.create({ size: '4MiB' });
      const inspector = await serveInspector(heap, ${options});
      const waiting = setInterval(() => {}, 1000);
      await new Promise((seen) => {
        const asked = get(inspector.url + 'events', (events) => events.once('data', seen));
        asked.on('socket', (socket) => socket.unref()).on('error', () => {});
      });
      clearInterval(waiting);
      process.on('exit', () => console.log('ended'));
      ${end};
    `;
    const args = ['--input-type=module', '--eval', program];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: ROOT });
    expect(stdout).toBe('ended\n');
  });
});
