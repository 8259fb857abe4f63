import { Dialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';

import type { Ask } from '../../../ui/src/widgets/ask';
import type { IAlmWorkbench } from '../tokens';
import { clientAsk, ElementWidget } from './elements';
import { loginAsk } from './login';

/** A shared widget as the body of a dialog, with a sentence above it. */
function body(text: string, element: ElementWidget): Widget {
  const box = new Widget();
  box.addClass('alm-Dialog-body');
  const words = document.createElement('p');
  words.textContent = text;
  if (text) {
    box.node.append(words);
  }
  box.node.append(element.node);
  return box;
}

/** A dialog whose Enter belongs to the form inside, not to its only button: it listens before the form does. */
class FormDialog extends Dialog<unknown> {
  override handleEvent(event: Event): void {
    const inside = event.target instanceof HTMLElement && event.target.closest('.alm-Dialog-body');
    if (inside && event.type === 'keydown' && (event as KeyboardEvent).key === 'Enter') {
      return;
    }
    super.handleEvent(event);
  }
}

/** Asks people to log in, and for another organisation: one dialog at a time. */
export class PeopleDialogs {
  constructor(
    private readonly workbench: IAlmWorkbench,
    private readonly trans: TranslationBundle,
    private readonly base: string
  ) {}

  /** Log in without leaving the page; `ended` says that a session did. Nothing that is open is lost. */
  async login(ended = false): Promise<void> {
    const { trans } = this;
    const ask = loginAsk(this.workbench.client, this.base, trans.__('Log-in failed'));
    const text = ended
      ? trans.__('Your session has ended. Log in again; nothing that you have open is lost.')
      : trans.__('Log in to the ALM workbench of this server.');
    await this.show(
      ended ? trans.__('Please log in again') : trans.__('Log In'),
      text,
      'alm-login',
      ask,
      'alm-logged-in'
    );
  }

  /** Go on in another organisation. */
  async switchTenant(): Promise<void> {
    const { trans } = this;
    const ask = clientAsk(this.workbench.client);
    await this.show(trans.__('Switch Organisation'), '', 'alm-tenant-switcher', ask, 'alm-switched');
  }

  private async show(title: string, text: string, tag: string, ask: Ask, done: string): Promise<void> {
    if (this.open) {
      return;
    }
    const element = new ElementWidget(tag, ask, this.trans, { bare: '' });
    const dialog = new FormDialog({
      title,
      body: body(text, element),
      buttons: [Dialog.cancelButton({ label: this.trans.__('Close') })]
    });
    element.node.addEventListener(done, () => {
      dialog.resolve();
      void this.workbench.refresh().then(() => this.workbench.notifyChanged());
    });
    this.open = true;
    try {
      const shown = dialog.launch();
      requestAnimationFrame(() => element.activate());
      await shown;
    } finally {
      this.open = false;
      element.dispose();
    }
  }

  private open = false;
}
