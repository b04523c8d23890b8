// How figures look: colours only where a person is watching, numbers with thousands separated.
import pc from 'picocolors';

export type Paint = ReturnType<typeof pc.createColors>;

/** Colours for a stream, unless it is no terminal or the user wants none. */
export function paintFor(stream: { readonly isTTY?: boolean }): Paint {
  const { NO_COLOR: refused, TERM: terminal } = process.env;
  return pc.createColors(stream.isTTY === true && !refused && terminal !== 'dumb');
}

export function formatCount(count: number): string {
  return Math.round(count).toLocaleString('en-US');
}

export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB'];
  let unit = 0;
  let value = bytes;
  for (; value >= 1024 && unit < units.length - 1; unit++) value /= 1024;
  const digits = Number.isInteger(value) || value >= 100 ? 0 : 1;
  return `${value.toFixed(digits)} ${units[unit]}`;
}
