import { freshId, h } from '../dom';
import { ago, formatCell, isTemporal, label, readable } from '../i18n';
import { store } from '../store';
import { type ReportData } from '../types';
import { ReportElement } from './base';

/** `<alm-kpi name field label-en label-tr>`: one number (or moment) of a report's first row. */
export class AlmKpi extends ReportElement {
  private readonly name = h('div', { class: 'name', id: freshId('alm-kpi') });
  private readonly body = h('div');
  private readonly more = h('div', { class: 'more' });

  protected override start(): void {
    const card = h('section', { class: 'card kpi', 'aria-labelledby': this.name.id });
    card.append(this.name, this.body, this.more);
    this.root.replaceChildren(card);
    super.start();
  }

  protected override showLoading(): void {
    this.showName();
    this.more.textContent = '';
    this.body.replaceChildren(h('div', { class: 'skeleton' }));
  }

  protected override showMessage(message: HTMLElement): void {
    this.showName();
    this.more.textContent = '';
    const failed = message.classList.contains('error');
    message.querySelectorAll('p, small').forEach(part => part.remove());
    this.body.replaceChildren(failed ? message : h('div', { class: 'value' }, '—'));
  }

  protected override showStale(): void {
    // the big reports on the page say it; a number stays a number
  }

  protected override draw(data: ReportData): void {
    this.showName();
    const field = this.getAttribute('field') ?? '';
    const found = data.columns.findIndex(column => column.name === field);
    const at = found < 0 ? Math.max(0, data.columns.length - 1) : found;
    const column = data.columns[at];
    const value = data.rows[0]?.[at] ?? null;
    const moment = typeof value === 'string' && isTemporal(column);
    const text = formatCell(value, column, store.tenant.timezone);
    this.body.replaceChildren(h('div', { class: moment ? 'value long' : 'value' }, text));
    this.more.textContent = moment ? ago(value) : '';
  }

  private showName(): void {
    const column = this.data?.columns.find(item => item.name === this.getAttribute('field'));
    const fallback = readable(this.getAttribute('field') ?? this.reportName);
    this.name.textContent = label(this.labels('label')) || label(column?.label, fallback);
  }
}
