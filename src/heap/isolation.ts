// Whether memory can be shared here. Browsers let a page have a SharedArrayBuffer only when it is
// cross-origin isolated, which its server says in two headers, and elsewhere hide the constructor:
// so what is missing has to be told by who needs it.

import { HeapError } from '../word/errors.ts';

const HEADERS =
  "with the headers 'Cross-Origin-Opener-Policy: same-origin' and 'Cross-Origin-Embedder-Policy: " +
  "require-corp', the latter also for its workers' scripts";

interface Surroundings {
  readonly isSecureContext?: boolean;
  readonly crossOriginIsolated?: boolean;
}

/** Throws BAD_BUFFER, with what to do, where there is no shared memory. */
export function checkIsolation(): void {
  if (typeof SharedArrayBuffer !== 'undefined') return;
  const reason = reasonIn(globalThis as Surroundings);
  throw new HeapError('BAD_BUFFER', `there is no SharedArrayBuffer here: ${reason}`);
}

function reasonIn({ isSecureContext, crossOriginIsolated }: Surroundings): string {
  if (isSecureContext === false) {
    return `this page is not secure: serve it by https, or from localhost, and ${HEADERS}`;
  }
  if (crossOriginIsolated === false) {
    const frame = 'a frame needs allow="cross-origin-isolated" besides';
    return `crossOriginIsolated is false: serve this page ${HEADERS}; ${frame}`;
  }
  return 'this engine has none, or it is switched off';
}
