/** A value of a report, as JSON carries it. Dates and moments are ISO strings. */
export type Cell = string | number | boolean | null;

export type Labels = Record<string, string>;

export interface Column {
  name: string;
  type: string;
  label?: string | Labels;
}

export type Kind = 'bar' | 'line' | 'area' | 'table' | 'kpi';

export interface Presentation {
  kind?: Kind;
  x?: string | null;
  series?: string[];
  /** The text column that tells series apart (long form). */
  split?: string | null;
  stack?: boolean;
}

export interface ReportData {
  name: string;
  title: string | Labels;
  columns: Column[];
  rows: Cell[][];
  as_of: string | null;
  sql?: string | null;
  presentation?: Presentation | null;
}

export interface Project {
  id: string;
  key: string;
  name: string;
  status?: string;
}

export interface Tenant {
  timezone: string;
  week_start: number;
  locale: string;
}

/** RFC 9457 problem document, or our own for a server that does not answer (status 0). */
export interface Problem {
  title: string;
  status: number;
  detail: string;
  correlation_id?: string;
}

export class ProblemError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail || problem.title);
  }
}
