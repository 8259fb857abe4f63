import { getJson, ownPage } from './api';
import { t } from './i18n';
import { learnNames, type Process } from './names';
import { type Project, ProblemError, type ReportData, type Tenant } from './types';

export const REFRESH_MS = 30_000;
const SHARE_MS = 2_000;
const FALLBACK_TENANT: Tenant = { timezone: 'UTC', week_start: 1, locale: 'en' };

interface Page<T> {
  items: T[];
  next_cursor?: string | null;
}

/** What the components of one page share: the project, the tenant's settings, the age of the data, the clock.
 * Events: `project` (another one is chosen), `tick` (time to refresh), `asof` (the age of the data changed). */
export class Store extends EventTarget {
  projects: Project[] = [];
  tenant: Tenant = FALLBACK_TENANT;
  project: Project | null = null;
  asOf: string | null = null;
  answered = false;
  private readonly asOfs = new Map<string, string>();
  private readonly recent = new Map<string, { at: number; data: Promise<ReportData> }>();
  private named: { id: string; learned: Promise<void> } | null = null;
  private loading: Promise<void> | null = null;
  private lastTick = Date.now();
  private timer: ReturnType<typeof setInterval> | null = null;

  /** Load projects and tenant settings once; a failure is forgotten, so that the next call tries again. */
  ready(): Promise<void> {
    this.loading ??= this.load().catch((error: unknown) => {
      this.loading = null;
      throw error;
    });
    return this.loading;
  }

  private async load(): Promise<void> {
    const [projects, tenant] = await Promise.all([
      getJson<Page<Project>>('projects?limit=100'),
      getJson<Tenant>('tenant').catch(() => FALLBACK_TENANT)
    ]);
    this.projects = projects.items.filter(project => project.status !== 'archived');
    this.tenant = { ...FALLBACK_TENANT, ...tenant };
    const wanted = ownPage() ? new URLSearchParams(location.search).get('project') : null;
    this.project = wanted ? this.find(wanted) : (this.projects[0] ?? null);
    this.start();
    this.dispatchEvent(new Event('project'));
  }

  /** The project with this key; refused like the server would refuse it when there is none. */
  find(key: string): Project {
    const found = this.projects.find(project => project.key.toLowerCase() === key.toLowerCase());
    if (!found) {
      throw new ProblemError({ title: t('errorTitle'), status: 404, detail: t('unknownProject', { key }) });
    }
    return found;
  }

  choose(id: string): void {
    const next = this.projects.find(project => project.id === id) ?? null;
    if (next === this.project) {
      return;
    }
    this.project = next;
    this.asOfs.clear();
    if (ownPage() && next) {
      const url = new URL(location.href);
      url.searchParams.set('project', next.key);
      history.replaceState(null, '', url);
      keepProject(next.key);
    }
    this.dispatchEvent(new Event('project'));
  }

  /** Learn what the project's process calls its types and states; without it ids stay readable. */
  names(project: Project): Promise<void> {
    if (this.named?.id !== project.id) {
      const path = `projects/${encodeURIComponent(project.id)}/process`;
      const learned = getJson<Process>(path).then(learnNames, () => learnNames(null));
      this.named = { id: project.id, learned };
    }
    return this.named.learned;
  }

  /** One report; components that ask for the same one at the same time share the request. */
  report(project: Project, name: string, query: string): Promise<ReportData> {
    const path = `projects/${encodeURIComponent(project.id)}/reports/${encodeURIComponent(name)}${query}`;
    const hit = this.recent.get(path);
    if (hit && Date.now() - hit.at < SHARE_MS) {
      return hit.data;
    }
    const data = getJson<ReportData>(path);
    this.recent.set(path, { at: Date.now(), data });
    data.then(
      found => this.noteAsOf(path, found.as_of),
      () => this.recent.delete(path)
    );
    return data;
  }

  private noteAsOf(path: string, asOf: string | null): void {
    this.answered = true;
    if (asOf) {
      this.asOfs.set(path, asOf);
    }
    this.asOf = [...this.asOfs.values()].sort()[0] ?? null;
    this.dispatchEvent(new Event('asof'));
  }

  private start(): void {
    this.timer ??= setInterval(() => this.tick(), REFRESH_MS);
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden && Date.now() - this.lastTick >= REFRESH_MS) {
        this.tick();
      }
    });
  }

  private tick(): void {
    if (!document.hidden) {
      this.lastTick = Date.now();
      this.dispatchEvent(new Event('tick'));
    }
  }
}

export const store = new Store();

/** The links to the page in other languages lead to the same project. */
function keepProject(key: string): void {
  for (const link of document.querySelectorAll<HTMLAnchorElement>('a[hreflang]')) {
    const target = new URL(link.href);
    target.searchParams.set('project', key);
    link.href = target.href;
  }
}
