const BASE = `
:host {
  display: block; min-width: 0; box-sizing: border-box;
  --bg: #ffffff; --text: #17212f; --muted: #55637a; --line: #d8dee8; --soft: #eef1f6;
  --accent: #1f5fbf; --danger: #b3261e; --danger-bg: #fdecea; --focus: #0b57d0;
  color: var(--text); font: 14px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
}
:host([theme='dark']) {
  --bg: #1a212c; --text: #e6ebf3; --muted: #a3b0c4; --line: #33404f; --soft: #242d3a;
  --accent: #8ab4f8; --danger: #f6a8a2; --danger-bg: #3a1f1e; --focus: #a8c7fa;
}
:host([hidden]) { display: none; }
*, *::before { box-sizing: border-box; }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; border-radius: 4px; }
.card {
  background: var(--bg); border: 1px solid var(--line); border-radius: 10px; padding: 14px 16px;
  height: 100%; display: flex; flex-direction: column; min-width: 0;
}
header { display: flex; align-items: center; flex-wrap: wrap; gap: 4px 12px; margin-bottom: 10px; }
h2 { font-size: 15px; font-weight: 600; margin: 0; flex: 1 1 auto; }
.tools { display: flex; flex-wrap: wrap; gap: 4px; }
button {
  font: inherit; font-size: 12.5px; color: var(--accent); background: none; border: 1px solid transparent;
  border-radius: 6px; padding: 3px 8px; cursor: pointer;
}
button:hover { background: var(--soft); }
button.main { border-color: var(--line); font-size: 14px; padding: 6px 14px; }
.body { position: relative; flex: 1 1 auto; min-width: 0; }
.chart { width: 100%; height: var(--height, 280px); }
.skeleton { height: var(--height, 60px); border-radius: 8px; background: var(--soft); animation: pulse 1.4s ease-in-out infinite; }
@keyframes pulse { 50% { opacity: 0.45; } }
@media (prefers-reduced-motion: reduce) { .skeleton { animation: none; } }
.message { display: grid; place-content: center; justify-items: center; text-align: center; gap: 4px; min-height: var(--height, 120px); color: var(--muted); padding: 12px; }
.message b { color: var(--text); }
.message button { margin-top: 8px; }
.error { border-left: 4px solid var(--danger); background: var(--danger-bg); border-radius: 6px; padding: 12px 14px; }
.error b { color: var(--danger); }
.error p { margin: 4px 0 8px; overflow-wrap: anywhere; }
.error small { display: block; color: var(--muted); overflow-wrap: anywhere; margin-bottom: 8px; }
.stale { color: var(--danger); font-size: 12.5px; margin: 6px 0 0; }
.note { color: var(--muted); font-size: 12.5px; margin: 6px 0 0; }
.scroll { overflow: auto; max-height: 420px; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
th, td { text-align: left; padding: 6px 10px; border-bottom: 1px solid var(--line); vertical-align: top; }
th { position: sticky; top: 0; background: var(--bg); color: var(--muted); font-weight: 600; white-space: nowrap; padding: 2px 4px; }
th button { color: inherit; font-weight: inherit; padding: 4px 6px; }
th[aria-sort='ascending'] button::after { content: ' ▲'; }
th[aria-sort='descending'] button::after { content: ' ▼'; }
td { overflow-wrap: break-word; min-width: 9em; }
.number { text-align: right; white-space: nowrap; }
.time, .short { white-space: nowrap; }
.number, .time, .short { min-width: 0; }
tbody tr:hover { background: var(--soft); }
pre { margin: 10px 0 0; padding: 10px; background: var(--soft); border-radius: 6px; overflow: auto; max-height: 240px; font-size: 12.5px; }
`;

const KPI = `
.kpi { gap: 2px; }
.kpi .name { color: var(--muted); font-size: 13px; }
.kpi .value { font-size: 28px; font-weight: 650; line-height: 1.25; font-variant-numeric: tabular-nums; }
.kpi .value.long { font-size: 19px; line-height: 1.84; }
.kpi .more { color: var(--muted); font-size: 12.5px; min-height: 1.5em; }
.kpi .skeleton { --height: 35px; width: 60%; }
.kpi .error { padding: 6px 10px; }
.kpi .error b { display: block; }
.kpi .error button { margin-top: 4px; font-size: 12.5px; padding: 2px 8px; }
`;

const PAGE = `
:host(alm-row) { display: grid; gap: 14px; grid-template-columns: repeat(auto-fit, minmax(min(100%, var(--min, 340px)), 1fr)); margin-bottom: 14px; }
:host(alm-as-of), :host(alm-project-filter) { display: inline-block; background: none; }
:host(alm-as-of) { color: var(--muted); font-size: 13px; }
:host(alm-project-filter) label { display: inline-flex; align-items: center; gap: 8px; }
select { font: inherit; color: inherit; background: var(--bg); border: 1px solid var(--line); border-radius: 6px; padding: 4px 8px; max-width: 46vw; }
`;

let sheet: CSSStyleSheet | null = null;

/** The one style sheet of all components, shared by their shadow roots. */
export function styles(): CSSStyleSheet {
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(BASE + KPI + PAGE);
  }
  return sheet;
}
