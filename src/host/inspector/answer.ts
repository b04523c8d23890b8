// How a request is answered. Everything is read-only, and for the eyes of who sits at this machine:
//
//   asks by another method than GET                      405
//   calls this server by a name that is not its own      403: a name that an attacker's DNS points
//                                                        here; addresses and localhost are nobody's
//   is a script or an image of another site              403: a page that is open elsewhere
//   a path that is none                                  404
//
// Behind a tunnel or a container the port in the name may be another one, so only the name counts.
// The page may load nothing from elsewhere, and nobody may put it into a frame.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import { assetAt } from './assets.ts';
import type { Broadcast } from './broadcast.ts';

const TEXT = 'text/plain; charset=utf-8';
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');
const HEADERS: Readonly<Record<string, string>> = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': POLICY,
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

/** Whether a Host header names this server: by an address, as localhost, or as it was told. */
export function isOwnName(header: string | undefined, host: string): boolean {
  const name = /^(?:\[([\da-f:.]+)\]|([^:[\]]+))(?::\d+)?$/i.exec(header ?? '');
  const called = (name?.[1] ?? name?.[2] ?? '').toLowerCase();
  return called === 'localhost' || called === host.toLowerCase() || isIP(called) > 0;
}

/** Answers one request; `host` is the name or the address at which the server listens. */
export function answer(
  request: IncomingMessage,
  response: ServerResponse,
  host: string,
  broadcast: Broadcast,
): void {
  for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
  if (!isOwnName(request.headers.host, host)) {
    say(
      response,
      403,
      'This server is known as localhost, or by its address, and not by that name.',
    );
  } else if (request.method !== 'GET') {
    response.setHeader('Allow', 'GET');
    say(response, 405, 'There is nothing to be done here but to look: GET.');
  } else if (isFromElsewhere(request)) {
    say(response, 403, 'Pages of other sites have no business here.');
  } else {
    give(response, (request.url ?? '/').replace(/\?.*/, ''), broadcast);
  }
}

/** A link to the page may stand anywhere. */
function isFromElsewhere({ headers }: IncomingMessage): boolean {
  const site = headers['sec-fetch-site'];
  if (site === undefined || site === 'same-origin' || site === 'none') return false;
  return headers['sec-fetch-mode'] !== 'navigate';
}

function give(response: ServerResponse, path: string, broadcast: Broadcast): void {
  if (path === '/events') return stream(response, broadcast);
  if (path === '/snapshot') return snapshot(response, broadcast);
  const asset = assetAt(path);
  if (asset === null) say(response, 404, 'There is no such page: / has all there is to see.');
  else if (typeof asset === 'string') say(response, 404, asset);
  else say(response, 200, asset.body, asset.type);
}

function stream(response: ServerResponse, broadcast: Broadcast): void {
  if (!broadcast.hasRoom) return say(response, 503, 'Too many are watching already.');
  response.writeHead(200, { 'Content-Type': 'text/event-stream' });
  broadcast.add(response);
}

function snapshot(response: ServerResponse, broadcast: Broadcast): void {
  try {
    say(response, 200, broadcast.latest(), 'application/json');
  } catch (error) {
    say(response, 503, (error as Error).message);
  }
}

function say(response: ServerResponse, status: number, text: string, type = TEXT): void {
  response.writeHead(status, { 'Content-Type': type });
  response.end(text);
}
