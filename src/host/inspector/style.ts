// The page's looks, light or dark as the reader's system is. Text and lines of both schemes reach
// the contrast that WCAG asks for (4.5 and 3 to 1); what has the focus is outlined.

export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: #f4f5f8; --card: #ffffff; --line: #d9dde5; --text: #1b2130; --quiet: #5a6375;
  --accent: #0b62c4; --good: #0c7a43; --bad: #b3261e; --good-ground: #dff3e7;
  --bad-ground: #fbe3e1; --free: #e6e9ef; --grid: #e9ecf2; --bar: #d5e5f7;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #10131a; --card: #181c25; --line: #2b3140; --text: #e8ebf2; --quiet: #9aa4b8;
    --accent: #6cb2ff; --good: #5fd394; --bad: #ff8a80; --good-ground: #14301f;
    --bad-ground: #3a1a18; --free: #242a36; --grid: #262c39; --bar: #23405f;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--ground); color: var(--text);
  font: 14px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
}
h1, h2, h3, p, dl, dd, ul, table, fieldset { margin: 0; padding: 0; }
header {
  display: flex; flex-wrap: wrap; gap: 6px 14px; align-items: center; padding: 12px 20px;
  background: var(--card); border-bottom: 1px solid var(--line);
}
h1 { font-size: 18px; letter-spacing: -.01em; }
h2 { font-size: 13px; font-weight: 650; }
h3 { font-size: 12px; font-weight: 500; color: var(--quiet); margin: 10px 0 4px; }
main { display: grid; gap: 14px; padding: 14px 20px 28px; max-width: 1480px; margin: 0 auto; }
.quiet { color: var(--quiet); font-size: 12px; }
#pace { margin-left: auto; }
.pill { padding: 1px 10px; border-radius: 99px; font-size: 12px; font-weight: 600; }
.good { color: var(--good); background: var(--good-ground); }
.bad { color: var(--bad); background: var(--bad-ground); }
button {
  font: inherit; color: inherit; background: var(--ground); border: 1px solid var(--line);
  border-radius: 7px; padding: 3px 12px; cursor: pointer;
}
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 3px; }
.skip { position: absolute; left: -999px; }
.skip:focus { left: 8px; top: 8px; background: var(--card); padding: 4px 10px; z-index: 2; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.notice { background: var(--bad-ground); color: var(--bad); padding: 8px 14px; border-radius: 8px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(136px, 1fr)); gap: 10px; }
.tile, .card {
  background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 10px 13px;
  min-width: 0;
}
.tile dt { color: var(--quiet); font-size: 12px; }
.tile dd {
  font-size: 22px; font-weight: 640; font-variant-numeric: tabular-nums; line-height: 1.3;
}
.tile .note { font-size: 12px; font-weight: 400; color: var(--quiet); }
.row { display: flex; flex-wrap: wrap; gap: 6px 18px; align-items: center; }
.row fieldset { margin-left: auto; }
fieldset { border: 0; display: flex; flex-wrap: wrap; gap: 4px 14px; font-size: 12px; }
legend { float: left; margin-right: 14px; color: var(--quiet); }
label { display: inline-flex; gap: 4px; align-items: center; cursor: pointer; }
label:has(:disabled) { color: var(--quiet); cursor: not-allowed; }
input { accent-color: var(--accent); margin: 0; }
canvas { display: block; }
#zones canvas { width: 100%; border-radius: 3px; }
#cell { margin-top: 8px; min-height: 1.5em; font-variant-numeric: tabular-nums; }
#legend { list-style: none; display: flex; flex-wrap: wrap; gap: 3px 14px; font-size: 12px; }
#legend li { display: inline-flex; gap: 5px; align-items: center; }
.swatch { width: 11px; height: 11px; border-radius: 2px; }
.grid {
  display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 460px), 1fr)); gap: 14px;
}
.tables { columns: 2 460px; column-gap: 14px; }
.tables .card { break-inside: avoid; margin-bottom: 14px; }
.plot { min-height: 205px; margin-top: 6px; }
.uplot, .u-legend { font: inherit; font-size: 12px; }
.u-legend { text-align: left; color: var(--quiet); }
.u-legend th { font-weight: 400; }
.u-legend .u-series > * { padding: 0 8px 0 0; }
.scroll { max-height: 300px; overflow: auto; margin-top: 6px; }
table {
  border-collapse: collapse; width: 100%; font-size: 12px; font-variant-numeric: tabular-nums;
}
th { color: var(--quiet); font-weight: 500; position: sticky; top: 0; background: var(--card); }
th, td { text-align: right; padding: 2px 0 2px 10px; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
thead th { white-space: normal; vertical-align: bottom; }
.scroll + .quiet { margin-top: 6px; }
tbody tr + tr td { border-top: 1px solid var(--grid); }
td.bar { background: linear-gradient(to left, var(--bar) var(--share), transparent 0); }
@media (prefers-reduced-motion: no-preference) { button { transition: background .15s; } }
`;
