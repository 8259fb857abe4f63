import type { IFinding } from '../api/types';

export interface IRange {
  from: number;
  to: number;
}

/** Offset in UTF-16 code units of a line and a column counted in code points, both from 1. Clamped to the text. */
export function offsetOf(text: string, line: number, col: number): number {
  let start = 0;
  for (let n = 1; n < line; n++) {
    const next = text.indexOf('\n', start);
    if (next < 0) {
      return text.length;
    }
    start = next + 1;
  }
  const newline = text.indexOf('\n', start);
  const end = newline < 0 ? text.length : newline;
  let at = start;
  for (let n = 1; n < col && at < end; n++) {
    at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
  }
  return Math.min(at, end);
}

/**
 * Where a finding is to be marked: always inside the text and never empty, so that it can be seen and clicked.
 * A finding without a place is marked on the first line.
 */
export function rangeOf(finding: Pick<IFinding, 'from' | 'to' | 'line' | 'col'>, text: string): IRange {
  let from = finding.from ?? (finding.line ? offsetOf(text, finding.line, finding.col ?? 1) : 0);
  from = Math.max(0, Math.min(from, text.length));
  let to = Math.max(from, Math.min(finding.to ?? from, text.length));
  if (to > from) {
    return { from, to };
  }
  if (from < text.length && text[from] !== '\n') {
    to = from + ((text.codePointAt(from) ?? 0) > 0xffff ? 2 : 1);
  } else if (from > 0 && text[from - 1] !== '\n') {
    from -= 1;
  }
  return { from, to };
}

/** How many findings there are of each severity. */
export function countBySeverity(findings: readonly IFinding[]): {
  errors: number;
  warnings: number;
  infos: number;
} {
  const of = (severity: string): number => findings.filter(f => f.severity === severity).length;
  return { errors: of('error'), warnings: of('warning'), infos: of('info') };
}
