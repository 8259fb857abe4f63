import { t } from './i18n';
import { type Problem, ProblemError } from './types';

/** The server's base path: from our own page, or from the page JupyterLab was loaded with. */
export function baseUrl(): string {
  const own = document.querySelector<HTMLMetaElement>('meta[name="alm-base"]')?.content;
  if (own) {
    return own;
  }
  const lab = document.getElementById('jupyter-config-data')?.textContent;
  const base: unknown = lab ? (JSON.parse(lab) as { baseUrl?: unknown }).baseUrl : null;
  return typeof base === 'string' && base.startsWith('/') ? base : '/';
}

/** Whether this is a dashboard page of ours (and its address is ours to change). */
export function ownPage(): boolean {
  return document.querySelector('meta[name="alm-base"]') !== null;
}

function goToLogin(): void {
  const here = location.pathname + location.search;
  location.assign(`${baseUrl()}login?next=${encodeURIComponent(here)}`);
}

async function problemOf(response: Response): Promise<Problem> {
  const fallback: Problem = { title: t('errorTitle'), status: response.status, detail: response.statusText };
  try {
    const body = (await response.json()) as Partial<Problem>;
    return {
      title: typeof body.title === 'string' ? body.title : fallback.title,
      status: response.status,
      detail: typeof body.detail === 'string' ? body.detail : fallback.detail,
      ...(typeof body.correlation_id === 'string' ? { correlation_id: body.correlation_id } : {})
    };
  } catch {
    return fallback;
  }
}

/** GET a JSON document of the REST API with the viewer's own session; without one, on to the log-in page. */
export async function getJson<T>(path: string): Promise<T> {
  let response: Response;
  try {
    response = await fetch(`${baseUrl()}alm/api/v1/${path}`, {
      credentials: 'same-origin',
      headers: { Accept: 'application/json' }
    });
  } catch {
    throw new ProblemError({ title: t('unreachable'), status: 0, detail: t('unreachableHint') });
  }
  if (response.ok) {
    return (await response.json()) as T;
  }
  const problem = await problemOf(response);
  if (response.status === 401) {
    goToLogin();
  }
  throw new ProblemError(problem);
}
