import { chartOption, seriesName } from '../chart';
import { download, toCsv } from '../csv';
import { freshId, h, isDark } from '../dom';
import { type EChartsType, init } from '../echarts';
import { label, readable, t, type TextKey } from '../i18n';
import { store } from '../store';
import { type Cell, type Column, type Kind, type ReportData } from '../types';
import { toWide, type Wide } from '../wide';
import { ReportElement } from './base';
import { type Sort, tableView } from './table-view';

const KINDS: readonly string[] = ['bar', 'line', 'area', 'table'];

/** `<alm-report name kind days title-en title-tr stack>`: a chart with its table twin, CSV and query. */
export class AlmReport extends ReportElement {
  private readonly titleElement = h('h2', { id: freshId('alm-title') });
  private readonly tools = h('div', { class: 'tools', role: 'group' });
  private readonly body = h('div', { class: 'body' });
  private readonly stale = h('p', { class: 'stale', role: 'status', hidden: true });
  private readonly queryBox = h('pre', { hidden: true, tabindex: '0' });
  private chart: EChartsType | null = null;
  private resizer: ResizeObserver | null = null;
  private asTable = false;
  private sort: Sort | null = null;

  protected override start(): void {
    const card = h('section', { class: 'card', 'aria-labelledby': this.titleElement.id });
    card.append(h('header', {}, this.titleElement, this.tools), this.body, this.stale, this.queryBox);
    this.root.replaceChildren(card);
    const height = Number(this.getAttribute('height')) || (this.wantsTable ? 120 : 280);
    this.style.setProperty('--height', `${height}px`);
    this.resizer = new ResizeObserver(() => this.resized());
    this.resizer.observe(this.body);
    super.start();
  }

  protected override stop(): void {
    super.stop();
    this.resizer?.disconnect();
    this.dropChart();
  }

  private resized(): void {
    const wide = this.chart && this.data ? toWide(this.data) : null;
    if (wide && this.data) {
      this.chart?.resize();
      this.drawChart(wide, this.data);
    }
  }

  protected override themeChanged(): void {
    if (this.data?.rows.length) {
      this.draw(this.data);
    }
  }

  protected override showLoading(): void {
    this.dropChart();
    this.titleElement.textContent = this.heading;
    this.tools.replaceChildren();
    this.queryBox.hidden = true;
    this.body.replaceChildren(h('div', { class: 'skeleton', role: 'status', 'aria-label': t('loading') }));
  }

  protected override showMessage(message: HTMLElement): void {
    this.dropChart();
    this.titleElement.textContent = this.heading;
    this.tools.replaceChildren();
    this.body.replaceChildren(message);
  }

  protected override showStale(stale: boolean): void {
    this.stale.hidden = !stale;
    this.stale.textContent = stale ? t('staleNote') : '';
  }

  protected override draw(data: ReportData): void {
    this.titleElement.textContent = this.heading;
    const wide = this.kind === 'table' ? null : toWide(data);
    if (wide?.series.every(series => series.values.every(value => !value))) {
      this.showEmpty();
      return;
    }
    this.drawTools(data, wide);
    if (wide && !this.asTable) {
      this.drawChart(wide, data);
    } else {
      this.drawTable(data, wide);
    }
  }

  private get kind(): Kind {
    if (this.wantsTable) {
      return 'table';
    }
    const wished = this.getAttribute('kind') ?? this.data?.presentation?.kind ?? 'table';
    return (KINDS.includes(wished) ? wished : 'table') as Kind;
  }

  /** Whether it is known before any data that this will be a table. */
  protected get wantsTable(): boolean {
    return this.getAttribute('kind') === 'table';
  }

  private get heading(): string {
    return label(this.labels('title')) || label(this.data?.title, readable(this.reportName));
  }

  private drawTools(data: ReportData, wide: Wide | null): void {
    const focused = (this.root.activeElement as HTMLElement | null)?.dataset.tool;
    this.tools.setAttribute('aria-label', this.heading);
    const tool = (name: string, key: TextKey, click: () => void, pressed?: boolean): HTMLElement =>
      h(
        'button',
        {
          type: 'button',
          'data-tool': name,
          ...(pressed === undefined ? {} : { 'aria-expanded': String(pressed) }),
          click
        },
        t(key)
      );
    const toggle = tool('table', this.asTable ? 'showChart' : 'showTable', () => {
      this.asTable = !this.asTable;
      this.draw(data);
    });
    const csv = tool('csv', 'csv', () => this.saveCsv(data));
    const query = tool(
      'query',
      this.queryBox.hidden ? 'showQuery' : 'hideQuery',
      () => {
        this.queryBox.hidden = !this.queryBox.hidden;
        this.queryBox.textContent = data.sql ?? '';
        this.drawTools(data, wide);
      },
      !this.queryBox.hidden
    );
    this.tools.replaceChildren(...(wide ? [toggle] : []), csv, ...(data.sql ? [query] : []));
    if (focused) {
      this.tools.querySelector<HTMLElement>(`[data-tool="${focused}"]`)?.focus();
    }
  }

  private drawChart(wide: Wide, data: ReportData): void {
    let box = this.body.querySelector<HTMLElement>('.chart');
    if (!box || !this.chart) {
      this.dropChart();
      box = h('div', { class: 'chart' });
      this.body.replaceChildren(box);
      this.chart = init(box, null, { renderer: 'svg' });
    }
    const stack = this.hasAttribute('stack') || data.presentation?.stack === true;
    this.chart.setOption(
      chartOption(wide, {
        kind: this.kind,
        stack,
        dark: isDark(),
        width: this.body.clientWidth,
        timeZone: store.tenant.timezone,
        title: this.heading,
        font: getComputedStyle(this).fontFamily
      }),
      true
    );
    box.setAttribute('role', 'img');
  }

  private drawTable(data: ReportData, wide: Wide | null): void {
    this.dropChart();
    const { columns, rows } = wide ? flat(wide) : data;
    const again = (sort: Sort): void => {
      this.sort = sort;
      this.drawTable(data, wide);
      this.root.querySelectorAll<HTMLElement>('th button')[sort.column]?.focus();
    };
    this.body.replaceChildren(
      tableView(this.heading, columns, rows, store.tenant.timezone, this.sort, again)
    );
  }

  private saveCsv(data: ReportData): void {
    const project = this.getAttribute('project') ?? store.project?.key ?? 'report';
    const day = (data.as_of ?? new Date().toISOString()).slice(0, 10);
    download(`${project}-${data.name}-${day}.csv`.replace(/[^\w.-]+/g, '_'), toCsv(data.columns, data.rows));
  }

  private dropChart(): void {
    this.chart?.dispose();
    this.chart = null;
  }
}

/** What a chart shows, as a table: one row a category, one column a series. */
function flat(wide: Wide): { columns: Column[]; rows: Cell[][] } {
  const columns = wide.series.map(series => ({
    name: series.name,
    type: 'integer',
    label: seriesName(series)
  }));
  const rows = wide.categories.map((category, i) => [
    category,
    ...wide.series.map(series => series.values[i] ?? null)
  ]);
  return { columns: [wide.x, ...columns], rows };
}

/** `<alm-table name>`: a report as a table. */
export class AlmTable extends AlmReport {
  protected override get wantsTable(): boolean {
    return true;
  }
}
