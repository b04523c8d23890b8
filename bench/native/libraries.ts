// The allocators in C: the C library's own, and three that take its place in a program that is
// started with them preloaded, where Debian's packages or others have put them.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

export type LibraryName = 'libc' | 'jemalloc' | 'mimalloc' | 'tcmalloc';

export interface Library {
  readonly name: LibraryName;
  /** null: the C library itself. */
  readonly path: string | null;
}

const FILES: readonly [name: LibraryName, file: RegExp, packaged: string][] = [
  ['jemalloc', /^libjemalloc\.so\.2$/, 'libjemalloc2'],
  ['mimalloc', /^libmimalloc\.so\.[23](\.\d+)*$/, 'libmimalloc2.0'],
  ['tcmalloc', /^libtcmalloc_minimal\.so\.4$/, 'libtcmalloc-minimal4'],
];

const FOLDERS = ['/usr/local/lib', '/usr/lib', '/usr/lib64', '/lib', '/lib64'];

export interface Found {
  readonly libraries: readonly Library[];
  /** What is not there, and how to get it, in words. */
  readonly missing: readonly string[];
}

export function findLibraries(folders: readonly string[] = usualFolders()): Found {
  const libraries: Library[] = [{ name: 'libc', path: null }];
  const missing: string[] = [];
  for (const [name, file, packaged] of FILES) {
    const path = folders.flatMap((folder) => within(folder, file))[0];
    if (path === undefined) missing.push(`${name} (Debian’s package ${packaged})`);
    else libraries.push({ name, path });
  }
  return { libraries, missing };
}

// Debian and its kin have a folder for each kind of machine, such as x86_64-linux-gnu.
function usualFolders(): string[] {
  const machines = FOLDERS.flatMap((folder) => within(folder, /^[\w-]+-linux-\w+$/));
  return [...machines, ...FOLDERS];
}

function within(folder: string, name: RegExp): string[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((entry) => name.test(entry));
  return names.toSorted().map((entry) => join(folder, entry));
}
