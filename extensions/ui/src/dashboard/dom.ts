type Child = Node | string | null;

/** Build an element. Texts become text nodes, never markup. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, string | boolean | (() => void)> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') {
      element.addEventListener(name, value);
    } else if (value === true) {
      element.setAttribute(name, '');
    } else if (value !== false) {
      element.setAttribute(name, value);
    }
  }
  element.append(...children.filter(child => child !== null));
  return element;
}

let last = 0;

/** An id that is unique in this page. */
export function freshId(prefix: string): string {
  last += 1;
  return `${prefix}-${last}`;
}

/** Whether the surroundings are dark: JupyterLab's theme where there is one, else the system's wish. */
export function isDark(): boolean {
  const lab = document.body.dataset.jpThemeLight;
  return lab ? lab === 'false' : matchMedia('(prefers-color-scheme: dark)').matches;
}

/** Call back whenever `isDark` may have changed; returns what stops it. */
export function onThemeChange(callback: () => void): () => void {
  const query = matchMedia('(prefers-color-scheme: dark)');
  const observer = new MutationObserver(callback);
  query.addEventListener('change', callback);
  observer.observe(document.body, { attributes: true, attributeFilter: ['data-jp-theme-light'] });
  return () => {
    query.removeEventListener('change', callback);
    observer.disconnect();
  };
}
