import { isNumeric, isTemporal } from './i18n';
import { type Cell, type Column, type ReportData } from './types';

export interface Series {
  name: string;
  column: Column | null;
  /** The column whose value names this series, in the long form. */
  split: Column | null;
  /** The kind of state it stands for, where the report says it: todo, in_progress or done. */
  category: string | null;
  values: (number | null)[];
}

export interface Wide {
  x: Column;
  categories: Cell[];
  series: Series[];
}

const number = (value: Cell | undefined): number | null => (typeof value === 'number' ? value : null);

/**
 * A report as categories and number series, the form every chart needs. Series may be columns of their own
 * (wide form), or a text column that names them beside one number column (long form). Null without numbers.
 */
export function toWide(data: ReportData): Wide | null {
  const { columns, rows, presentation } = data;
  const at = new Map(columns.map((column, index) => [column.name, index]));
  const x = columns[at.get(presentation?.x ?? '') ?? 0];
  if (!x) {
    return null;
  }
  const asked = (presentation?.series ?? []).filter(name => at.has(name) && name !== x.name);
  const names = asked.length ? asked : columns.filter(column => column !== x).map(column => column.name);
  const chosen = names.flatMap(name => columns[at.get(name) ?? -1] ?? []);
  const measures = chosen.filter(column => isNumeric(column));
  const named = columns[at.get(presentation?.split ?? '') ?? -1];
  const split = named ?? chosen.find(column => !isNumeric(column) && !isTemporal(column));
  const xAt = at.get(x.name) ?? 0;
  if (split) {
    const measure = measures[0] ?? columns.find(column => column !== x && isNumeric(column));
    return measure ? pivot(data, x, xAt, at.get(split.name) ?? 0, at.get(measure.name) ?? 0) : null;
  }
  if (!measures.length) {
    return null;
  }
  return {
    x,
    categories: rows.map(row => row[xAt] ?? null),
    series: measures.map(column => ({
      name: column.name,
      column,
      split: null,
      category: null,
      values: rows.map(row => number(row[at.get(column.name) ?? -1]))
    }))
  };
}

function pivot(data: ReportData, x: Column, xAt: number, splitAt: number, valueAt: number): Wide {
  const categories = [...new Set(data.rows.map(row => row[xAt] ?? null))];
  const place = new Map(categories.map((value, index) => [value, index]));
  const categoryAt = data.columns.findIndex(column => column.name === 'category');
  const series = new Map<string, Series>();
  for (const row of data.rows) {
    const name = String(row[splitAt] ?? '');
    let one = series.get(name);
    if (!one) {
      const category = categoryAt < 0 ? null : String(row[categoryAt] ?? '');
      one = {
        name,
        column: null,
        split: data.columns[splitAt] ?? null,
        category,
        values: categories.map(() => null)
      };
      series.set(name, one);
    }
    one.values[place.get(row[xAt] ?? null) ?? 0] = number(row[valueAt]);
  }
  return { x, categories, series: [...series.values()].sort(byCategory) };
}

const ORDER = ['todo', 'in_progress', 'done'];

/** What is to be done first, what is done last; within a category the report's own order. */
function byCategory(a: Series, b: Series): number {
  return ORDER.indexOf(a.category ?? '') - ORDER.indexOf(b.category ?? '');
}
