import { describe, expect, it } from 'vitest';
import { type ReportData } from './types';
import { seriesColors } from './chart';
import { toWide } from './wide';

const report = (over: Partial<ReportData>): ReportData => ({
  name: 'r',
  title: 'R',
  as_of: null,
  columns: [],
  rows: [],
  ...over
});

describe('toWide', () => {
  it('takes number columns as series', () => {
    const wide = toWide(
      report({
        columns: [
          { name: 'week', type: 'date' },
          { name: 'done', type: 'bigint' },
          { name: 'new', type: 'integer' }
        ],
        rows: [
          ['2026-01-05', 3, 5],
          ['2026-01-12', 4, null]
        ],
        presentation: { kind: 'line', x: 'week', series: ['done', 'new'] }
      })
    );
    expect(wide?.categories).toEqual(['2026-01-05', '2026-01-12']);
    expect(wide?.series.map(s => s.values)).toEqual([
      [3, 4],
      [5, null]
    ]);
  });

  it('pivots a text column beside a number column, keeping the order of appearance', () => {
    const wide = toWide(
      report({
        columns: [
          { name: 'type', type: 'varchar' },
          { name: 'state', type: 'varchar' },
          { name: 'items', type: 'bigint' }
        ],
        rows: [
          ['Hazard', 'open', 2],
          ['Hazard', 'closed', 1],
          ['Test', 'closed', 7]
        ],
        presentation: { kind: 'bar', x: 'type', series: ['items'], split: 'state', stack: true }
      })
    );
    expect(wide?.categories).toEqual(['Hazard', 'Test']);
    expect(wide?.series.map(({ name, values }) => [name, values])).toEqual([
      ['open', [2, null]],
      ['closed', [1, 7]]
    ]);
  });

  it('puts states in the order of their categories', () => {
    const wide = toWide(
      report({
        columns: [
          { name: 'type', type: 'string' },
          { name: 'state', type: 'string' },
          { name: 'category', type: 'string' },
          { name: 'items', type: 'integer' }
        ],
        rows: [
          ['Test', 'closed', 'done', 1],
          ['Test', 'open', 'todo', 2],
          ['Test', 'review', 'in_progress', 3]
        ],
        presentation: { kind: 'bar', x: 'type', series: ['items'], split: 'state', stack: true }
      })
    );
    expect(wide?.series.map(series => series.name)).toEqual(['open', 'review', 'closed']);
    expect(new Set(seriesColors(wide as NonNullable<typeof wide>, false)).size).toBe(3);
  });

  it('has nothing to draw without numbers', () => {
    expect(toWide(report({ columns: [{ name: 'key', type: 'varchar' }], rows: [['A-1']] }))).toBeNull();
  });
});
