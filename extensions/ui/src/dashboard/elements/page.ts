import { h } from '../dom';
import { ago, formatDate, t } from '../i18n';
import { store } from '../store';
import { AlmElement } from './base';

/** `<alm-project-filter>`: the choice of the project that the other components of the page show. */
export class AlmProjectFilter extends AlmElement {
  private readonly select: HTMLSelectElement = h('select', { change: () => store.choose(this.select.value) });
  private readonly show = (): void => this.render();

  protected override start(): void {
    this.root.replaceChildren(h('label', {}, t('project'), this.select));
    this.select.disabled = true;
    store.addEventListener('project', this.show);
    store.ready().then(this.show, this.show);
  }

  protected override stop(): void {
    store.removeEventListener('project', this.show);
  }

  private render(): void {
    const chosen = store.project?.id ?? '';
    const options = store.projects.map(project => {
      const option = h('option', { value: project.id }, `${project.key} · ${project.name}`);
      option.selected = project.id === chosen;
      return option;
    });
    const unknown = h('option', { value: '' }, store.projects.length ? t('none') : t('noProject'));
    this.select.replaceChildren(...(chosen ? [] : [unknown]), ...options);
    this.select.disabled = store.projects.length === 0;
  }
}

/** `<alm-as-of>`: how old the data on the page is. */
export class AlmAsOf extends AlmElement {
  private timer: ReturnType<typeof setInterval> | null = null;
  private readonly show = (): void => this.render();

  protected override start(): void {
    store.addEventListener('asof', this.show);
    store.addEventListener('project', this.show);
    this.timer = setInterval(this.show, 15_000);
    this.render();
  }

  protected override stop(): void {
    store.removeEventListener('asof', this.show);
    store.removeEventListener('project', this.show);
    if (this.timer) {
      clearInterval(this.timer);
    }
  }

  private render(): void {
    const { asOf } = store;
    if (!asOf) {
      this.root.replaceChildren(store.answered ? t('noTime') : t('asOfNone'));
      return;
    }
    const time = h('time', { datetime: asOf }, formatDate(asOf, store.tenant.timezone));
    this.root.replaceChildren(`${t('asOf')} `, time, ` (${ago(asOf)})`);
  }
}

/** `<alm-row>`: its components side by side, below each other when the window is narrow. */
export class AlmRow extends AlmElement {
  protected override start(): void {
    const min = Number(this.getAttribute('min'));
    if (min > 0) {
      this.style.setProperty('--min', `${min}px`);
    }
    this.root.replaceChildren(h('slot'));
  }
}
