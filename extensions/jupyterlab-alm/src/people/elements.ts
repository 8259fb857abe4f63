import type { TranslationBundle } from '@jupyterlab/translation';
import type { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

import { type Ask, restAsk } from '../../../ui/src/widgets/ask';
import type { Face } from '../../../ui/src/widgets/face';
import { make } from '../../../ui/src/widgets/index';
import type { AlmClient } from '../api/client';

/** Messages of the shared widgets over the connection of this browser tab. */
export function clientAsk(client: AlmClient): Ask {
  return restAsk((path, init) => client.carry(path, init));
}

/** One of the shared widgets in JupyterLab; speaks Lab's language and asks with the browser's own session. */
export class ElementWidget extends Widget {
  constructor(tag: string, ask: Ask, trans: TranslationBundle, attributes: Record<string, string> = {}) {
    super();
    this.addClass('alm-Element');
    this.face = make(tag, { ...attributes, lang: languageOf(trans) });
    this.face.ask = ask;
    this.node.append(this.face);
  }

  readonly face: Face;

  protected override onActivateRequest(message: Message): void {
    super.onActivateRequest(message);
    if (this.node.contains(document.activeElement)) {
      return; // a click activates too: whoever is inside stays where he is
    }
    this.face.shadowRoot?.querySelector<HTMLElement>('input, select, button')?.focus({ preventScroll: true });
  }
}

function languageOf(trans: TranslationBundle): string {
  // a translated word tells the language without asking for another service
  return trans.__('Cancel') === 'Cancel' ? 'en' : 'tr';
}
