import { afterEach, describe, expect, it } from 'vitest';
import { toCsv } from './csv';
import { ago, formatCell, formatDate, formatNumber, t, TEXTS } from './i18n';
import { sorted } from './elements/table-view';
import { learnNames, nameOf } from './names';
import { build } from './spec';
import './index';

afterEach(() => (document.documentElement.lang = 'en'));

describe('texts', () => {
  it('says everything in both languages, with the same placeholders', () => {
    for (const [key, text] of Object.entries(TEXTS.en ?? {})) {
      const turkish = (TEXTS.tr as Record<string, string>)[key] ?? '';
      expect(turkish, key).not.toBe('');
      expect([...turkish.matchAll(/\{\w+\}/g)].flat().sort(), key).toEqual(
        [...text.matchAll(/\{\w+\}/g)].flat().sort()
      );
    }
  });

  it('formats by the language of the page', () => {
    expect(formatNumber(1234.5)).toBe('1,234.5');
    document.documentElement.lang = 'tr';
    expect(formatNumber(1234.5)).toBe('1.234,5');
    expect(t('retry')).toBe('Yeniden dene');
  });

  it('keeps a pure date on its day and shows a moment in the zone of the tenant', () => {
    expect(formatDate('2026-03-01', 'America/New_York')).toBe('Mar 1, 2026');
    expect(formatDate('2026-03-01T23:30:00+00:00', 'Europe/Istanbul')).toContain('Mar 2, 2026');
    expect(formatCell(null, undefined, 'UTC')).toBe('—');
    expect(formatCell('not a date', { name: 'd', type: 'timestamp' }, 'UTC')).toBe('not a date');
  });

  it('tells how long ago', () => {
    expect(ago('2026-01-01T00:00:00Z', Date.parse('2026-01-01T03:10:00Z'))).toBe('3 hours ago');
    expect(ago('2026-01-01T00:00:00Z', Date.parse('2026-01-01T00:00:20Z'))).toBe('just now');
  });
});

describe('names', () => {
  it('come from the process, in the language of the page, the first workflow first', () => {
    learnNames({
      types: [{ id: 'test_case', labels: { en: 'Test case', tr: 'Test senaryosu' } }],
      workflows: [
        { states: [{ id: 'open', labels: { en: 'Open' } }] },
        { states: [{ id: 'open', labels: { en: 'Reopened' } }] }
      ]
    });
    const column = (name: string) => ({ name, type: 'string' });
    expect(nameOf(column('to_state'), 'open')).toBe('Open');
    expect(nameOf(column('state'), 'in_review')).toBe('In review');
    expect(nameOf(column('title'), 'open')).toBeNull();
    document.documentElement.lang = 'tr';
    expect(nameOf(column('type'), 'test_case')).toBe('Test senaryosu');
    expect(nameOf(column('category'), 'done')).toBe('Bitti');
  });
});

describe('CSV', () => {
  it('quotes as RFC 4180 says and defuses formulas in texts, not in numbers', () => {
    const columns = [
      { name: 'a', type: 'varchar' },
      { name: 'b', type: 'double' }
    ];
    expect(
      toCsv(columns, [
        ['x,"y"\nz', -1.5],
        ['=HYPERLINK("http://x")', null]
      ])
    ).toBe('a,b\r\n"x,""y""\nz",-1.5\r\n"\'=HYPERLINK(""http://x"")",\r\n');
  });
});

describe('table', () => {
  it('sorts numbers as numbers and keeps empty cells last', () => {
    const rows = [[10], [null], [9]];
    expect(sorted(rows, { column: 0, descending: false })).toEqual([[9], [10], [null]]);
    expect(sorted(rows, { column: 0, descending: true })).toEqual([[10], [9], [null]]);
  });
});

describe('components from data', () => {
  it('builds our elements with known attributes only', () => {
    const row = build({
      tag: 'alm-row',
      children: [{ tag: 'alm-report', attributes: { name: 'x', onclick: 'alert(1)', 'title-tr': '<b>' } }]
    });
    expect(row.outerHTML).toContain('name="x"');
    expect(row.outerHTML).not.toContain('onclick');
  });

  it('refuses any other element', () => {
    expect(() => build({ tag: 'script' })).toThrow();
    expect(() => build({ tag: 'alm-x onload=1' })).toThrow();
  });
});
