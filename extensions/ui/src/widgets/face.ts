import { isDark, onThemeChange } from '../dashboard/dom';
import { type Ask, restAsk } from './ask';
import { h } from './parts';
import { styles } from './styles';
import { Texts } from './texts';

const EDITING = new Set(['a', 'c', 'v', 'x', 'y', 'z']);

/** Whether a key belongs to the widget: what is typed or walked with, and the editing keys; not other combinations. */
function isOurs(event: KeyboardEvent): boolean {
  const combined = event.ctrlKey || event.metaKey || event.altKey;
  return !combined || (!event.shiftKey && EDITING.has(event.key.toLowerCase()));
}

/**
 * A widget: a custom element with a shadow root, the theme of its surroundings, one voice for screen readers, and a way
 * to ask the workbench. Without a given `ask` it asks the REST API with the page's own session.
 */
export abstract class Face extends HTMLElement {
  ask: Ask = restAsk();
  protected texts = new Texts();
  protected readonly body = h('div', { class: 'face' });
  private readonly root = this.attachShadow({ mode: 'open' });
  private readonly voice = h('div', { class: 'voice', role: 'status', 'aria-live': 'polite' });
  private stopTheme: (() => void) | null = null;
  private started = false;

  connectedCallback(): void {
    this.applyTheme();
    this.stopTheme = onThemeChange(() => this.applyTheme());
    window.addEventListener('keydown', this.guard, true);
    if (this.started) {
      return; // a page may move its outputs about
    }
    this.started = true;
    this.root.adoptedStyleSheets = [styles()];
    this.root.append(this.body, this.voice);
    this.addEventListener('keydown', event => isOurs(event) && event.stopPropagation());
    this.texts = new Texts(this.getAttribute('lang'));
    this.start();
  }

  disconnectedCallback(): void {
    this.stopTheme?.();
    window.removeEventListener('keydown', this.guard, true);
  }

  /** JupyterLab sees the host only, not the field in it; before it looks, tell it which keys are no shortcuts. */
  private readonly guard = (event: KeyboardEvent): void => {
    if (event.composedPath().includes(this)) {
      this.toggleAttribute('data-lm-suppress-shortcuts', isOurs(event));
    }
  };

  protected abstract start(): void;

  /** Tell those who do not see the page. */
  say(text: string): void {
    this.voice.textContent = text;
  }

  /** Say that the kernel lets us wait. */
  slow(): void {
    this.say(this.texts.t('kernelBusy'));
    if (!this.body.querySelector('.slow')) {
      const note = h('p', { class: 'slow' }, this.texts.t('kernelBusy'));
      this.body.prepend(note);
    }
  }

  /** Take that back. */
  awake(): void {
    this.body.querySelector('.slow')?.remove();
  }

  /** Something happened that the notebook or Lab may want to know. */
  protected tell(name: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }

  private applyTheme(): void {
    this.setAttribute('theme', isDark() ? 'dark' : 'light');
  }
}
