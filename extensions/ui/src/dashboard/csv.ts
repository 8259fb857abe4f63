import { type Cell, type Column } from './types';

const FORMULA = /^[=+\-@\t\r]/;

function field(value: Cell): string {
  if (value == null) {
    return '';
  }
  // a spreadsheet would run a text that looks like a formula
  const text = typeof value === 'string' && FORMULA.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** RFC 4180 text of all rows, headed by the columns' names. */
export function toCsv(columns: Column[], rows: Cell[][]): string {
  const lines = [columns.map(column => field(column.name)), ...rows.map(row => row.map(field))];
  return lines.map(line => line.join(',')).join('\r\n') + '\r\n';
}

/** Hand a text to the browser as a file. The byte order mark makes spreadsheets read UTF-8. */
export function download(filename: string, text: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob(['\ufeff', text], { type: 'text/csv;charset=utf-8' }));
  link.download = filename;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
