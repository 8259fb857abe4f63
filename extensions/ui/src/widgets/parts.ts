import { freshId, h as element } from '../dashboard/dom';
import { type Problem, ProblemError } from './ask';
import { type Texts } from './texts';

export const h = element;
export { freshId };

const SHOWN = 400;
const UNSEEN = /(?![\n\t])[\p{Cc}\p{Cs}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** Text without control and direction characters, which could redraw what stands around it. */
export function printable(text: string): string {
  return text.replace(UNSEEN, '\ufffd');
}

/** A button; `kind` is main, danger or plain. */
export function button(
  text: string,
  click: () => void,
  kind: 'main' | 'danger' | 'plain' = 'plain'
): HTMLButtonElement {
  return h('button', { type: 'button', class: kind, click }, text);
}

/** A label with its control, and a hint that is read out with it. */
export function field(
  label: string,
  control: HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement,
  hint = ''
): HTMLElement {
  control.id ||= freshId('alm-field');
  const note = hint ? h('small', { id: `${control.id}-hint` }, hint) : null;
  if (note) {
    control.setAttribute('aria-describedby', note.id);
  }
  return h('div', { class: 'field' }, h('label', { for: control.id }, label), control, note);
}

/** A choice among texts. */
export function select(options: readonly (readonly [string, string])[], chosen = ''): HTMLSelectElement {
  const found = h('select', {}, ...options.map(([value, text]) => h('option', { value }, text)));
  found.value = chosen;
  return found;
}

/** Ticks, one for each option, under one legend. */
export function ticks(
  legend: string,
  options: readonly (readonly [string, string])[],
  chosen: readonly string[],
  type: 'checkbox' | 'radio' = 'checkbox'
): { box: HTMLElement; values: () => string[] } {
  const name = freshId('alm-ticks');
  const inputs = options.map(([value, text]) => {
    const input = h('input', { type, name, value });
    input.checked = chosen.includes(value);
    return [input, h('label', { class: 'tick' }, input, h('span', {}, printable(text)))] as const;
  });
  return {
    box: h('fieldset', {}, h('legend', {}, legend), ...inputs.map(([, label]) => label)),
    values: () => inputs.filter(([input]) => input.checked).map(([input]) => input.value)
  };
}

/** A text that opens when it is long. */
export function longText(text: string, texts: Texts, limit = SHOWN): HTMLElement {
  const clean = printable(text);
  const box = h(
    'span',
    { class: 'text' },
    clean.length > limit ? `${clean.slice(0, limit).trimEnd()}…` : clean
  );
  if (clean.length <= limit) {
    return box;
  }
  const more = h('button', { type: 'button', class: 'link', 'aria-expanded': 'false' }, texts.t('showAll'));
  more.addEventListener('click', () => {
    const open = more.getAttribute('aria-expanded') !== 'true';
    more.setAttribute('aria-expanded', String(open));
    more.textContent = texts.t(open ? 'showLess' : 'showAll');
    box.textContent = open ? clean : `${clean.slice(0, limit).trimEnd()}…`;
  });
  return h('span', {}, box, ' ', more);
}

/** Any value of the API for people. */
export function value(given: unknown, texts: Texts): HTMLElement {
  if (given === null || given === undefined || given === '') {
    return h('span', { class: 'none' }, texts.t('none'));
  }
  if (typeof given === 'boolean') {
    return h('span', {}, texts.t(given ? 'yes' : 'no'));
  }
  if (typeof given === 'number') {
    return h('span', {}, texts.number(given));
  }
  if (typeof given === 'string') {
    return longText(given, texts);
  }
  if (Array.isArray(given) && given.every(item => typeof item !== 'object' || item === null)) {
    return longText(given.map(String).join(', ') || texts.t('none'), texts);
  }
  return h('code', { class: 'json' }, longText(JSON.stringify(given, null, 1), texts));
}

/** A moment, exact on demand. */
export function time(iso: string | null | undefined, texts: Texts): HTMLElement {
  return iso
    ? h('time', { datetime: iso, title: `${iso} · ${texts.ago(iso)}` }, texts.when(iso))
    : h('span', { class: 'none' }, texts.t('none'));
}

export interface Column<T> {
  label: string;
  cell: (row: T) => Node | string;
  kind?: 'short' | 'actions';
}

/** A table that scrolls in itself. */
export function table<T>(caption: string, columns: readonly Column<T>[], rows: readonly T[]): HTMLElement {
  const head = columns.map(column => h('th', { scope: 'col', class: column.kind ?? '' }, column.label));
  const body = rows.map(row =>
    h(
      'tr',
      {},
      ...columns.map(column =>
        h('td', { class: column.kind ?? '', 'data-label': column.label }, column.cell(row))
      )
    )
  );
  return h(
    'div',
    { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': caption },
    h('table', {}, h('caption', {}, caption), h('thead', {}, h('tr', {}, ...head)), h('tbody', {}, ...body))
  );
}

/** What stands where nothing is. */
export function empty(title: string, hint = ''): HTMLElement {
  return h('div', { class: 'empty' }, h('b', {}, title), hint ? h('span', {}, hint) : null);
}

/** What went wrong, in the words of a problem document. */
export function problemOf(error: unknown, texts: Texts): Problem {
  if (error instanceof ProblemError) {
    const told = error.problem;
    return told.offline
      ? { ...told, title: texts.t('unreachable'), detail: texts.t('unreachableHint') }
      : told;
  }
  return {
    title: texts.t('failed'),
    status: 0,
    detail: error instanceof Error ? error.message : String(error)
  };
}

function reasonText(reason: unknown): string {
  const told =
    typeof reason === 'object' && reason !== null ? (reason as { message?: unknown }).message : reason;
  return typeof told === 'string' ? told : JSON.stringify(reason);
}

/** A problem for people: sentence, reasons, located complaints, and the reference to quote. */
export function problemCard(error: unknown, texts: Texts, retry?: () => void): HTMLElement {
  const problem = problemOf(error, texts);
  const located = (problem.errors ?? [])
    .map(item => item.message ?? '')
    .filter(text => text && text !== problem.detail);
  const more = [...(problem.reasons ?? []).map(reasonText), ...located].slice(0, 12);
  return h(
    'div',
    { class: 'problem', role: 'alert' },
    h('b', {}, printable(problem.title || texts.t('failed'))),
    problem.detail && problem.detail !== problem.title ? h('p', {}, printable(problem.detail)) : null,
    more.length ? h('ul', {}, ...more.map(text => h('li', {}, printable(text)))) : null,
    problem.correlation_id
      ? h('small', {}, texts.t('reference'), ' ', h('code', {}, problem.correlation_id))
      : null,
    retry ? button(texts.t('retry'), retry) : null
  );
}

/** While something is under way. */
export function loading(texts: Texts): HTMLElement {
  return h('div', { class: 'loading' }, texts.t('loading'));
}
