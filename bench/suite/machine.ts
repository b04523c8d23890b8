// Where and when a run was made, without which its figures say nothing.
import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, loadavg, platform, release, arch } from 'node:os';

export interface Surroundings {
  readonly cpu: string;
  readonly cores: number;
  readonly system: string;
  readonly node: string;
  readonly v8: string;
  readonly commit: string | null;
  readonly date: string;
  /** Processes that wanted to run, over the last minute, before the run began. */
  readonly load: number;
}

export function surroundings(): Surroundings {
  return {
    cpu: cpus()[0]?.model ?? 'unknown processor',
    cores: availableParallelism(),
    system: `${platform()} ${release()} ${arch()}`,
    node: process.version,
    v8: process.versions.v8,
    commit: commit(),
    date: new Date().toISOString(),
    load: loadavg()[0]!,
  };
}

function commit(): string | null {
  try {
    const args = ['describe', '--always', '--dirty'];
    const cwd = import.meta.dirname;
    return execFileSync('git', args, { cwd, encoding: 'utf8', stdio: 'pipe' }).trim();
  } catch {
    return null;
  }
}
