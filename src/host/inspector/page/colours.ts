// The page's colours, for both schemes: eight that people with any eyes tell apart (after Okabe and
// Ito), a scale for sizes and one for fullness. Canvases do not know the style sheet's names, so
// what they share with it is asked for by `styleColour`.

const EIGHT = {
  light: ['#0072b2', '#d55e00', '#00845f', '#b5488f', '#b07900', '#3a93c9', '#6b4bc2', '#7c5a14'],
  dark: ['#4aa8ff', '#ff8a4c', '#3ddc97', '#f09ad0', '#ffc24b', '#8fdcff', '#b796ff', '#d6b36a'],
};
/** From small to large. */
const SCALE = {
  light: ['#3b528b', '#2f6b8e', '#23898e', '#1f9e77', '#56b158', '#9cb923', '#d0a400', '#d97000'],
  dark: ['#5b76c9', '#4a92c2', '#37aeb6', '#38c596', '#74d673', '#b9dd4f', '#f0cf3f', '#ff9f45'],
};
const LARGE = { light: '#a33a6b', dark: '#f07aa8' };
const SIMPLE = { light: '#6b4bc2', dark: '#b796ff' };

const dark = matchMedia('(prefers-color-scheme: dark)');

/** Calls when the reader's system changes from light to dark or back. */
export function onScheme(listener: () => void): void {
  dark.addEventListener('change', listener);
}

/** One of the style sheet's, such as '--free'. */
export function styleColour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** The colour of the n-th of several things; from the ninth on they begin anew. */
export function nth(index: number): string {
  return pick(EIGHT)[index % EIGHT.light.length] ?? '#888';
}

/** A colour on the scale, for a share of 0..1. */
export function onScale(share: number): string {
  const scale = pick(SCALE);
  return scale[Math.min(scale.length - 1, Math.floor(share * scale.length))] ?? '#888';
}

/** For a fullness of 0..9. */
export function fullnessColour(fullness: number): string {
  const lightness = dark.matches ? 26 + fullness * 5 : 86 - fullness * 5.5;
  return `hsl(208 ${String(35 + fullness * 5)}% ${String(lightness)}%)`;
}

export function largeColour(): string {
  return pick(LARGE);
}

export function simpleColour(): string {
  return pick(SIMPLE);
}

function pick<T>(both: { readonly light: T; readonly dark: T }): T {
  return dark.matches ? both.dark : both.light;
}
