import { h } from '../dom';
import { formatCell, isNumeric, isTemporal, label, readable, t } from '../i18n';
import { nameOf } from '../names';
import { type Cell, type Column } from '../types';

export const MAX_SHOWN = 200;

export interface Sort {
  column: number;
  descending: boolean;
}

function compare(a: Cell | undefined, b: Cell | undefined): number {
  if (a == null || b == null) {
    return a == null ? (b == null ? 0 : 1) : -1;
  }
  return typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b));
}

/** Rows in the wished order; empty cells come last, equal ones keep their order. */
export function sorted(rows: Cell[][], sort: Sort | null): Cell[][] {
  if (!sort) {
    return rows;
  }
  const { column, descending } = sort;
  return [...rows].sort((a, b) => {
    const order = compare(a[column], b[column]);
    const empty = a[column] == null || b[column] == null;
    return descending && !empty ? -order : order;
  });
}

function cellClass(column: Column): string {
  return isNumeric(column) ? 'number' : isTemporal(column) ? 'time' : '';
}

function cell(text: string, kind: string): HTMLElement {
  const short = !kind && text.length <= 24 && !/\s/.test(text);
  return h('td', { class: short ? 'short' : kind }, text);
}

function heading(
  column: Column,
  index: number,
  sort: Sort | null,
  onSort: (sort: Sort) => void
): HTMLElement {
  const name = label(column.label, readable(column.name));
  const active = sort?.column === index;
  const descending = active && sort.descending;
  return h(
    'th',
    {
      scope: 'col',
      class: cellClass(column),
      'aria-sort': active ? (descending ? 'descending' : 'ascending') : 'none'
    },
    h(
      'button',
      {
        type: 'button',
        title: t('sortBy', { column: name }),
        click: () => onSort({ column: index, descending: active && !descending })
      },
      name
    )
  );
}

/** A real table: caption, column headings that sort, at most `MAX_SHOWN` rows and a line that says so. */
export function tableView(
  title: string,
  columns: Column[],
  rows: Cell[][],
  timeZone: string,
  sort: Sort | null,
  onSort: (sort: Sort) => void
): HTMLElement {
  const shown = sorted(rows, sort).slice(0, MAX_SHOWN);
  const head = columns.map((column, index) => heading(column, index, sort, onSort));
  const body = shown.map(row =>
    h(
      'tr',
      {},
      ...columns.map((column, index) =>
        cell(nameOf(column, row[index]) ?? formatCell(row[index], column, timeZone), cellClass(column))
      )
    )
  );
  const table = h(
    'table',
    {},
    h('caption', {}, title),
    h('thead', {}, h('tr', {}, ...head)),
    h('tbody', {}, ...body)
  );
  const more = rows.length > shown.length ? t('rowsShown', { shown: shown.length, total: rows.length }) : '';
  return h(
    'div',
    {},
    h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': title }, table),
    more ? h('p', { class: 'note' }, more) : null
  );
}
