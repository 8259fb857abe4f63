import type { IFinding, IProblem } from './types';

const KNOWN = new Set([
  'type',
  'title',
  'status',
  'detail',
  'instance',
  'correlation_id',
  'trace_id',
  'errors',
  'reasons',
  'diagnostics'
]);

type Json = Record<string, unknown>;

function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : value == null ? '' : String(value);
}

/** True when a response body is a problem document of the workbench, not an error page of something else. */
export function isProblem(body: unknown): body is Json {
  return isRecord(body) && typeof body.type === 'string' && typeof body.title === 'string';
}

/** Read a problem document without trusting its shape. */
export function readProblem(status: number, body: unknown): IProblem {
  const source = isRecord(body) ? body : {};
  const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
  return {
    type: text(source.type) || 'about:blank',
    title: text(source.title) || text(source.reason) || text(source.message) || `HTTP ${status}`,
    status,
    detail: text(source.detail) || text(source.message),
    correlation_id: text(source.correlation_id),
    errors: list(source.errors)
      .filter(isRecord)
      .map(item => ({ path: text(item.path), code: text(item.code), message: text(item.message) })),
    reasons: list(source.reasons).map(item => (isRecord(item) ? text(item.message) : text(item))),
    diagnostics: list(source.diagnostics).filter(isRecord) as unknown as IFinding[],
    extra: Object.fromEntries(Object.entries(source).filter(([name]) => !KNOWN.has(name)))
  };
}

/** The last part of a problem's type: `/errors/stranded-items` → `stranded-items`. */
export function problemSlug(problem: IProblem): string {
  return problem.type.slice(problem.type.lastIndexOf('/') + 1);
}

/** The server answered and refused. */
export class ProblemError extends Error {
  constructor(readonly problem: IProblem) {
    super(problem.detail || problem.title);
    this.name = 'ProblemError';
  }
}

/** Why nobody of ours answered: no network, no server extension, or not signed in. */
export type Unreachable = 'offline' | 'missing' | 'signed-out';

/** The request never reached the workbench. */
export class UnreachableError extends Error {
  constructor(
    readonly reason: Unreachable,
    message: string
  ) {
    super(message);
    this.name = 'UnreachableError';
  }
}

/**
 * What an HTTP answer says about the workbench: `null` when it is there, else why not.
 * A problem document always comes from it; a bare 404 is Jupyter Server saying that it knows no such route.
 */
export function unreachableBy(status: number, body: unknown): Unreachable | null {
  if (status === 401) {
    return 'signed-out';
  }
  if (isProblem(body)) {
    return null;
  }
  if (status === 404 || status === 405) {
    return 'missing';
  }
  if (status === 403) {
    return 'signed-out';
  }
  return status >= 502 && status <= 504 ? 'offline' : null;
}
