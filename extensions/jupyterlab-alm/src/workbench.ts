import type { ServerConnection } from '@jupyterlab/services';
import { Poll } from '@lumino/polling';
import { Signal, type ISignal } from '@lumino/signaling';

import { AlmClient } from './api/client';
import type { IMe } from './api/types';
import { ManifestChecker } from './manifest/checker';
import type { IAlmWorkbench } from './tokens';

const EVERY = 60_000;
const AT_MOST = 300_000;

/** The one connection of this browser tab; asks who is signed in, rarely, never while the tab is hidden. */
export class Workbench implements IAlmWorkbench {
  constructor(settings: ServerConnection.ISettings) {
    this.client = new AlmClient(settings);
    this.checker = new ManifestChecker(this.client);
    this._poll = new Poll<void, Error>({
      auto: true,
      name: 'alm-workbench:who',
      factory: () => this.ask(),
      frequency: { interval: EVERY, backoff: true, max: AT_MOST },
      standby: 'when-hidden'
    });
    // A request of another part that found the server again is news for the status as well.
    this.client.stateChanged.connect((_, state) => {
      if (state === 'online' && !this._me) {
        void this.refresh();
      }
    });
  }

  readonly client: AlmClient;
  readonly checker: ManifestChecker;

  get me(): IMe | null {
    return this._me;
  }

  get meChanged(): ISignal<IAlmWorkbench, IMe | null> {
    return this._meChanged;
  }

  get changed(): ISignal<IAlmWorkbench, void> {
    return this._changed;
  }

  notifyChanged(): void {
    this._changed.emit();
  }

  async refresh(): Promise<void> {
    await this._poll.refresh();
    await this._poll.tick.catch(() => undefined);
  }

  private async ask(): Promise<void> {
    let me: IMe | null = null;
    try {
      me = await this.client.get<IMe>('auth/me');
    } finally {
      if (me?.user_id !== this._me?.user_id || me?.tenant_id !== this._me?.tenant_id) {
        this._me = me;
        this._meChanged.emit(me);
      }
    }
  }

  private _me: IMe | null = null;
  private readonly _poll: Poll<void, Error>;
  private readonly _meChanged = new Signal<IAlmWorkbench, IMe | null>(this);
  private readonly _changed = new Signal<IAlmWorkbench, void>(this);
}
