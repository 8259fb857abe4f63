import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Store } from '../store';

type Answer = { status?: number; body: unknown };

function serve(answers: Record<string, Answer>): string[] {
  const asked: string[] = [];
  vi.stubGlobal('fetch', (url: string) => {
    asked.push(url);
    const found = url.endsWith('/process')
      ? undefined
      : Object.entries(answers).find(([part]) => url.includes(part));
    const { status = 200, body } = found?.[1] ?? { status: 404, body: { title: 'Not found', detail: url } };
    return Promise.resolve(new Response(JSON.stringify(body), { status }));
  });
  return asked;
}

const PROJECTS = { body: { items: [{ id: 'p1', key: 'DEMO', name: 'Demo' }], next_cursor: null } };
const TENANT = { body: { timezone: 'Europe/Istanbul', week_start: 1, locale: 'tr' } };
const ROWS = {
  name: 'recent_activity',
  title: 'Recent activity',
  columns: [
    { name: 'key', type: 'varchar', label: 'Key' },
    { name: 'title', type: 'varchar', label: 'Title' }
  ],
  rows: [['DEMO-1', '<img src=x onerror=alert(1)>']],
  as_of: '2026-01-01T10:00:00Z',
  sql: 'select 1',
  presentation: { kind: 'table' }
};

async function show(markup: string): Promise<ShadowRoot> {
  await import('../index');
  document.body.innerHTML = markup;
  await vi.waitFor(() =>
    expect(document.querySelector('[data-state]')?.getAttribute('aria-busy')).toBe('false')
  );
  return document.querySelector('[data-state]')?.shadowRoot as ShadowRoot;
}

beforeEach(() => (document.head.innerHTML = '<meta name="alm-base" content="/">'));
afterEach(() => {
  document.body.innerHTML = '';
  vi.unstubAllGlobals();
});

describe('<alm-table>', () => {
  it('shows rows as text, never as markup', async () => {
    serve({ '/reports/': { body: ROWS }, projects: PROJECTS, tenant: TENANT });
    const root = await show('<alm-table name="recent_activity"></alm-table>');
    expect(root.querySelector('tbody td:nth-child(2)')?.textContent).toBe('<img src=x onerror=alert(1)>');
    expect(root.querySelector('img')).toBeNull();
    expect(root.querySelector('caption')?.textContent).toBe('Recent activity');
  });

  it('says so when there is nothing yet', async () => {
    serve({ '/reports/': { body: { ...ROWS, rows: [] } }, projects: PROJECTS, tenant: TENANT });
    const root = await show('<alm-table name="nothing"></alm-table>');
    expect(root.textContent).toContain('No items yet');
  });

  it('shows the problem with its reference, and loads again on demand', async () => {
    const problem = {
      title: 'Not available right now',
      detail: 'The mirror is being built',
      correlation_id: 'c-42'
    };
    const answers: Record<string, Answer> = {
      '/reports/': { status: 503, body: problem },
      projects: PROJECTS,
      tenant: TENANT
    };
    serve(answers);
    const root = await show('<alm-table name="broken"></alm-table>');
    const card = root.querySelector('[role="alert"]');
    expect(card?.textContent).toContain('Not available right now');
    expect(card?.textContent).toContain('The mirror is being built');
    expect(card?.textContent).toContain('c-42');
    answers['/reports/'] = { body: ROWS };
    card?.querySelector('button')?.click();
    await vi.waitFor(() => expect(root.querySelector('tbody tr')).not.toBeNull());
  });
});

describe('Store', () => {
  it('shares one request among components that ask at the same time', async () => {
    const asked = serve({ '/reports/': { body: ROWS }, projects: PROJECTS, tenant: TENANT });
    const store = new Store();
    await store.ready();
    const project = store.find('demo');
    await Promise.all([store.report(project, 'a', ''), store.report(project, 'a', '')]);
    expect(asked.filter(url => url.includes('/reports/'))).toHaveLength(1);
    expect(store.asOf).toBe('2026-01-01T10:00:00Z');
  });

  it('tries again after a failed start', async () => {
    serve({ projects: { status: 500, body: {} } });
    const store = new Store();
    await expect(store.ready()).rejects.toThrow();
    serve({ projects: PROJECTS, tenant: TENANT });
    await store.ready();
    expect(store.project?.key).toBe('DEMO');
  });
});
