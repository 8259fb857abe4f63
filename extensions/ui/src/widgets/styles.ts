const TOKENS = `
:host {
  display: block; min-width: 0; box-sizing: border-box; position: relative; max-width: 100%;
  --bg: var(--jp-layout-color1, #ffffff); --soft: var(--jp-layout-color2, #eef1f6);
  --text: var(--jp-ui-font-color1, #17212f); --muted: var(--jp-ui-font-color2, #55637a);
  --line: var(--jp-border-color1, #c3cad6); --rule: var(--jp-border-color2, #d8dee8);
  --main: #1256a8; --on-main: #ffffff; --accent: #1256a8; --danger: #b3261e; --on-danger: #ffffff;
  --danger-bg: #fdecea; --ok: #1b6e3a; --warn: #7a4b00; --warn-bg: #fff4dd;
  --focus: var(--jp-brand-color1, #0b57d0);
  color: var(--text);
  font: var(--jp-ui-font-size1, 14px)/1.5 var(--jp-ui-font-family, system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif);
}
:host([theme='dark']) {
  --bg: var(--jp-layout-color1, #1a212c); --soft: var(--jp-layout-color2, #242d3a);
  --text: var(--jp-ui-font-color1, #e6ebf3); --muted: var(--jp-ui-font-color2, #a3b0c4);
  --line: var(--jp-border-color1, #55637a); --rule: var(--jp-border-color2, #33404f);
  --main: #8ab4f8; --on-main: #10203a; --accent: #8ab4f8; --danger: #f6a8a2; --on-danger: #3a0f0c;
  --danger-bg: #3a1f1e; --ok: #7fd49b; --warn: #f2c879; --warn-bg: #382c12;
}
:host([hidden]) { display: none; }
`;

const BASE = `
*, *::before { box-sizing: border-box; }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; border-radius: 3px; }
.face { background: var(--bg); border: 1px solid var(--rule); border-radius: 8px; padding: 14px 16px; min-width: 0; }
:host([bare]) .face { border: 0; padding: 0; }
:host([bare]) .head { display: none; }
.voice, caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
h2 { font-size: 1.15em; font-weight: 600; margin: 0; overflow-wrap: anywhere; }
h3 { font-size: 1em; font-weight: 600; margin: 16px 0 6px; }
p { margin: 4px 0 10px; overflow-wrap: anywhere; }
.head { display: flex; flex-wrap: wrap; align-items: center; gap: 6px 12px; margin-bottom: 10px; }
.head h2 { flex: 1 1 auto; }
.hint, small, .slow { color: var(--muted); }
small { font-size: 0.88em; display: block; overflow-wrap: anywhere; }
.none { color: var(--muted); }
button {
  font: inherit; color: var(--accent); background: transparent; border: 1px solid var(--line); border-radius: 5px;
  padding: 4px 12px; cursor: pointer; min-height: 28px;
}
button:hover:not(:disabled) { background: var(--soft); }
button.main { background: var(--main); border-color: var(--main); color: var(--on-main); }
button.danger { color: var(--danger); border-color: var(--danger); }
dialog button.danger { background: var(--danger); color: var(--on-danger); }
button.main:hover:not(:disabled), dialog button.danger:hover:not(:disabled) { filter: brightness(1.12); background: var(--main); }
dialog button.danger:hover:not(:disabled) { background: var(--danger); }
button.link { border: 0; padding: 0 2px; min-height: 0; text-decoration: underline; }
button:disabled { opacity: 0.55; cursor: default; }
input, select, textarea {
  font: inherit; color: var(--text); background: var(--bg); border: 1px solid var(--line); border-radius: 5px;
  padding: 4px 8px; min-height: 30px; max-width: 100%;
}
input[type='checkbox'], input[type='radio'] { min-height: 0; accent-color: var(--main); margin: 0; flex: none; }
[aria-invalid='true'] { border-color: var(--danger); }
label { font-weight: 500; }
.field { display: grid; gap: 3px; margin-bottom: 10px; min-width: 0; }
.tick { display: flex; align-items: baseline; gap: 8px; font-weight: 400; padding: 2px 0; overflow-wrap: anywhere; }
.tick input { position: relative; top: 2px; }
fieldset { border: 1px solid var(--rule); border-radius: 5px; margin: 0 0 10px; padding: 6px 12px 8px; min-width: 0; max-height: 260px; overflow: auto; }
legend { font-weight: 500; padding: 0 4px; }
form.narrow { max-width: 380px; }
form.narrow input:not([type='checkbox']), form.narrow select { width: 100%; }
.row { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; }
.problem { border-left: 4px solid var(--danger); background: var(--danger-bg); border-radius: 5px; padding: 10px 14px; margin: 8px 0; overflow-wrap: anywhere; }
.problem b { color: var(--danger); }
.problem p { margin: 2px 0 6px; }
.problem ul { margin: 2px 0 6px; padding-left: 18px; }
.problem button { margin-top: 8px; }
.done { border-left: 4px solid var(--ok); background: var(--soft); border-radius: 5px; padding: 10px 14px; margin: 8px 0; overflow-wrap: anywhere; }
.warning { border-left: 4px solid var(--warn); background: var(--warn-bg); border-radius: 5px; padding: 8px 14px; margin: 8px 0; }
.empty { display: grid; justify-items: center; text-align: center; gap: 2px; color: var(--muted); padding: 28px 12px; }
.empty b { color: var(--text); }
.loading { color: var(--muted); padding: 20px 12px; text-align: center; }
.scroll { overflow: auto; max-height: 460px; max-width: 100%; border: 1px solid var(--rule); border-radius: 5px; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; background: none; color: inherit; }
th, td { text-align: left; vertical-align: top; padding: 6px 10px; border-bottom: 1px solid var(--rule); overflow-wrap: break-word; min-width: 7em; max-width: 34em; }
tbody tr:last-child td { border-bottom: 0; }
thead th { position: sticky; top: 0; background: var(--soft); font-weight: 600; color: var(--muted); white-space: nowrap; z-index: 1; }
.short { white-space: nowrap; min-width: 0; }
td.actions { white-space: nowrap; min-width: 0; }
td.actions button { padding: 2px 8px; margin-right: 4px; }
.text { white-space: pre-wrap; overflow-wrap: anywhere; }
code, .json { font-family: var(--jp-code-font-family, ui-monospace, monospace); font-size: 0.92em; overflow-wrap: anywhere; }
.tag { display: inline-block; border: 1px solid var(--line); border-radius: 10px; padding: 0 8px; font-size: 0.9em; margin: 0 4px 2px 0; overflow-wrap: anywhere; }
.bad { color: var(--danger); }
.good { color: var(--ok); }
dialog { color: var(--text); background: var(--bg); border: 1px solid var(--line); border-radius: 8px; padding: 18px 20px; width: min(520px, 92vw); max-height: 86vh; overflow: auto; }
dialog::backdrop { background: rgb(0 0 0 / 45%); }
dialog h2 { margin-bottom: 10px; }
dialog .row { justify-content: flex-end; margin-top: 14px; }
dialog input:not([type='checkbox'], [type='radio']), dialog select { width: 100%; }
.secret { display: flex; gap: 8px; align-items: center; background: var(--soft); border: 1px solid var(--line); border-radius: 5px; padding: 8px 10px; }
.secret code { flex: 1 1 auto; user-select: all; }
`;

const TIMELINE = `
.filters { display: flex; flex-wrap: wrap; gap: 8px 12px; align-items: end; margin-bottom: 10px; }
.filters .field { margin: 0; flex: 0 1 auto; }
.filters .wide { flex: 1 1 160px; }
.filters input, .filters select { width: 100%; height: 32px; }
ol.versions { list-style: none; margin: 0; padding: 0 0 0 18px; }
ol.versions > li { position: relative; border-left: 2px solid var(--line); padding: 0 0 10px 18px; margin: 0; }
ol.versions > li:last-child { padding-bottom: 2px; }
ol.versions > li::before { content: ''; position: absolute; left: -7px; top: 10px; width: 12px; height: 12px; border-radius: 50%; background: var(--bg); border: 3px solid var(--main); }
ol.versions > li.DELETE::before { border-color: var(--danger); border-radius: 2px; }
ol.versions > li.INITIAL::before, ol.versions > li.RESTORE::before { border-color: var(--ok); }
.entry { display: flex; gap: 10px; align-items: start; }
.entry > input { margin-top: 9px; }
.entry > button { flex: 1 1 auto; text-align: left; border-color: transparent; color: var(--text); padding: 4px 8px; min-width: 0; overflow-wrap: anywhere; }
.entry > button[aria-expanded='true'] { background: var(--soft); }
.entry b { font-weight: 600; }
.entry .what { color: var(--muted); display: block; font-size: 0.93em; }
.detail { padding: 6px 0 6px 30px; min-width: 0; }
.facts { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 2px 14px; margin: 6px 0; }
.facts dt { color: var(--muted); }
.facts dd { margin: 0; overflow-wrap: anywhere; }
del, ins { text-decoration: none; }
del { color: var(--danger); }
ins { color: var(--ok); }
.foot { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; margin-top: 10px; }
@media (max-width: 560px) { .detail { padding-left: 0; } }
`;

const ADMIN = `
.tabs { display: flex; flex-wrap: wrap; gap: 2px; border-bottom: 1px solid var(--line); margin-bottom: 14px; }
.tabs button { border: 0; border-bottom: 3px solid transparent; border-radius: 0; color: var(--text); padding: 6px 12px; }
.tabs button[aria-selected='true'] { border-bottom-color: var(--main); font-weight: 600; color: var(--accent); }
.bar { display: flex; flex-wrap: wrap; gap: 8px 12px; align-items: end; margin-bottom: 10px; }
.bar .field { margin: 0; }
.bar .grow { flex: 1 1 auto; }
.meter { display: grid; grid-template-columns: minmax(90px, max-content) minmax(60px, 1fr) max-content; gap: 4px 12px; align-items: center; margin: 6px 0; max-width: 560px; }
meter { width: 100%; height: 14px; }
.tenants { list-style: none; padding: 0; margin: 0; }
.tenants li { display: flex; gap: 10px; align-items: center; padding: 8px 4px; border-bottom: 1px solid var(--rule); }
.tenants li:last-child { border-bottom: 0; }
.tenants .name { flex: 1 1 auto; min-width: 0; overflow-wrap: anywhere; }
`;

let sheet: CSSStyleSheet | null = null;

/** The one style sheet of all widgets, shared by their shadow roots. */
export function styles(): CSSStyleSheet {
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(TOKENS + BASE + TIMELINE + ADMIN);
  }
  return sheet;
}
