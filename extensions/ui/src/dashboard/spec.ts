/** A component as data: what Python hands over, so that nothing is ever parsed as markup. */
export interface Spec {
  tag: string;
  attributes?: Record<string, string>;
  children?: Spec[];
}

const TAGS = /^alm-[a-z-]+$/;
const ATTRIBUTES = /^(name|kind|days|by|limit|field|project|height|min|stack|(title|label)-(en|tr))$/;

/** Build our own elements, with the attributes they know, and nothing else. */
export function build(spec: Spec): HTMLElement {
  if (!TAGS.test(spec.tag)) {
    throw new Error(`not a component of ours: ${spec.tag}`);
  }
  const element = document.createElement(spec.tag);
  for (const [name, value] of Object.entries(spec.attributes ?? {})) {
    if (ATTRIBUTES.test(name)) {
      element.setAttribute(name, value);
    }
  }
  element.append(...(spec.children ?? []).map(build));
  return element;
}
