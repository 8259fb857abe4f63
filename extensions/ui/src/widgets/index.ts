import { AlmAdminPanel } from './admin/panel';
import { kernelAsk, type Model } from './ask';
import { type Face } from './face';
import { AlmLogin, AlmRegister, AlmTenantSwitcher } from './people';
import { AlmAuditTimeline } from './timeline';

const ELEMENTS: Record<string, new () => Face> = {
  'alm-admin-panel': AlmAdminPanel,
  'alm-audit-timeline': AlmAuditTimeline,
  'alm-login': AlmLogin,
  'alm-register': AlmRegister,
  'alm-tenant-switcher': AlmTenantSwitcher
};

for (const [name, element] of Object.entries(ELEMENTS)) {
  if (!customElements.get(name)) {
    customElements.define(name, element);
  }
}

const ATTRIBUTES = /^(lang|caption|entity-type|entity-id|place|variable|token|email|open|bare)$/;

/** Build one of our elements, with the attributes they know and nothing else. */
export function make(tag: string, attributes: Record<string, string>): Face {
  if (!(tag in ELEMENTS)) {
    throw new Error(`not a widget of ours: ${tag}`);
  }
  const element = document.createElement(tag) as Face;
  for (const [name, value] of Object.entries(attributes)) {
    if (ATTRIBUTES.test(name) && typeof value === 'string') {
      element.setAttribute(name, value);
    }
  }
  return element;
}

/** The face of a widget in a notebook (anywidget): what it asks for goes through the kernel. */
export function render({ model, el }: { model: Model; el: HTMLElement }): () => void {
  const stops: (() => void)[] = [];
  const show = (): void => {
    stops.splice(0).forEach(stop => stop());
    const face = make(String(model.get('tag')), model.get('attributes') as Record<string, string>);
    const { ask, stop } = kernelAsk(model, slow => (slow ? face.slow() : face.awake()));
    face.ask = ask;
    stops.push(stop);
    el.replaceChildren(face);
  };
  model.on('change:attributes', show);
  show();
  return () => {
    model.off('change:attributes', show);
    stops.forEach(stop => stop());
  };
}

export default { render };
