import { h, isDark, onThemeChange } from '../dom';
import { language, t } from '../i18n';
import { store } from '../store';
import { styles } from '../styles';
import { type Labels, type Problem, ProblemError, type Project, type ReportData } from '../types';

const QUERY_ATTRIBUTES = ['days', 'by', 'limit'];

/** A component with a shadow root, our styles and the theme of its surroundings. */
export abstract class AlmElement extends HTMLElement {
  protected readonly root = this.attachShadow({ mode: 'open' });
  private stopTheme: (() => void) | null = null;

  connectedCallback(): void {
    this.root.adoptedStyleSheets = [styles()];
    this.applyTheme();
    this.stopTheme = onThemeChange(() => {
      this.applyTheme();
      this.themeChanged();
    });
    this.start();
  }

  disconnectedCallback(): void {
    this.stopTheme?.();
    this.stop();
  }

  protected abstract start(): void;
  protected stop(): void {}
  protected themeChanged(): void {}

  /** A text given per language, as attributes `title-en` and `title-tr`. */
  protected labels(name: string): Labels {
    const entries = ['en', 'tr'].map(code => [code, this.getAttribute(`${name}-${code}`) ?? '']);
    return Object.fromEntries(entries.filter(([, text]) => text)) as Labels;
  }

  private applyTheme(): void {
    this.setAttribute('theme', isDark() ? 'dark' : 'light');
  }
}

/** A component that shows one report of the project that is chosen on the page, and keeps it fresh. */
export abstract class ReportElement extends AlmElement {
  protected data: ReportData | null = null;
  private generation = 0;
  private readonly onProject = (): void => this.reload(true);
  private readonly onTick = (): void => this.reload(false);

  protected override start(): void {
    store.addEventListener('project', this.onProject);
    store.addEventListener('tick', this.onTick);
    this.reload(true);
  }

  protected override stop(): void {
    store.removeEventListener('project', this.onProject);
    store.removeEventListener('tick', this.onTick);
    this.generation += 1;
  }

  /** Draw the report that has just come (or come again, when the theme or the width changed). */
  protected abstract draw(data: ReportData): void;
  protected abstract showLoading(): void;
  protected abstract showMessage(message: HTMLElement): void;
  protected abstract showStale(stale: boolean): void;

  protected get reportName(): string {
    return this.getAttribute('name') ?? '';
  }

  protected reload(afresh: boolean): void {
    const generation = (this.generation += 1);
    if (afresh) {
      this.data = null;
      this.setState('loading');
      this.showLoading();
    }
    void this.load(() => generation === this.generation);
  }

  private async load(current: () => boolean): Promise<void> {
    try {
      await store.ready();
      const key = this.getAttribute('project');
      const project: Project | null = key ? store.find(key) : store.project;
      if (!current()) {
        return;
      }
      if (!project) {
        this.setState('empty');
        this.showMessage(this.message(t('noProject'), t('noProjectHint')));
        return;
      }
      const [data] = await Promise.all([
        store.report(project, this.reportName, this.query()),
        store.names(project)
      ]);
      if (current()) {
        this.accept(data);
      }
    } catch (error) {
      if (current()) {
        this.fail(error);
      }
    }
  }

  private accept(data: ReportData): void {
    const same = this.data !== null && JSON.stringify(this.data.rows) === JSON.stringify(data.rows);
    this.data = data;
    this.showStale(false);
    if (!data.rows.length) {
      this.showEmpty();
    } else if (!same || this.dataset.state !== 'ready') {
      this.setState('ready');
      this.draw(data);
    }
  }

  protected showEmpty(): void {
    this.setState('empty');
    this.showMessage(this.message(t('empty'), t('emptyHint')));
  }

  private fail(error: unknown): void {
    const problem: Problem =
      error instanceof ProblemError
        ? error.problem
        : {
            title: t('errorTitle'),
            status: 0,
            detail: error instanceof Error ? error.message : String(error)
          };
    if (this.data) {
      this.showStale(true);
      return;
    }
    this.setState('error');
    this.showMessage(
      h(
        'div',
        { class: 'error', role: 'alert' },
        h('b', {}, problem.title),
        problem.detail && problem.detail !== problem.title ? h('p', {}, problem.detail) : null,
        problem.correlation_id ? h('small', {}, `${t('correlation')}: ${problem.correlation_id}`) : null,
        h('button', { type: 'button', class: 'main', click: () => this.reload(true) }, t('retry'))
      )
    );
  }

  private message(title: string, hint: string): HTMLElement {
    return h('div', { class: 'message', role: 'status' }, h('b', {}, title), h('span', {}, hint));
  }

  private query(): string {
    const query = new URLSearchParams({ lang: language() });
    for (const name of QUERY_ATTRIBUTES) {
      const value = this.getAttribute(name);
      if (value) {
        query.set(name, value);
      }
    }
    return `?${query.toString()}`;
  }

  private setState(state: 'loading' | 'ready' | 'empty' | 'error'): void {
    this.dataset.state = state;
    this.setAttribute('aria-busy', String(state === 'loading'));
  }
}
