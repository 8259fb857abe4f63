import { AlmKpi } from './elements/kpi';
import { AlmAsOf, AlmProjectFilter, AlmRow } from './elements/page';
import { AlmReport, AlmTable } from './elements/report';
import { build, type Spec } from './spec';

const ELEMENTS: Record<string, CustomElementConstructor> = {
  'alm-as-of': AlmAsOf,
  'alm-kpi': AlmKpi,
  'alm-project-filter': AlmProjectFilter,
  'alm-report': AlmReport,
  'alm-row': AlmRow,
  'alm-table': AlmTable
};

for (const [name, element] of Object.entries(ELEMENTS)) {
  if (!customElements.get(name)) {
    customElements.define(name, element);
  }
}

interface Model {
  get(name: 'spec'): Spec[];
  on(event: 'change:spec', callback: () => void): void;
  off(event: 'change:spec', callback: () => void): void;
}

/** The face of the same components in a notebook (anywidget). */
export function render({ model, el }: { model: Model; el: HTMLElement }): () => void {
  const show = (): void => el.replaceChildren(...model.get('spec').map(build));
  model.on('change:spec', show);
  show();
  return () => model.off('change:spec', show);
}

export default { render };
