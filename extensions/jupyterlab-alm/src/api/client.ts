import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import { Signal, type ISignal } from '@lumino/signaling';

import { ProblemError, readProblem, type Unreachable, UnreachableError, unreachableBy } from './problem';

export type ConnectionState = 'connecting' | 'online' | Unreachable;

/** Talks to the ALM server extension with Jupyter's own settings (cookie, token, XSRF) and remembers whether it answers. */
export class AlmClient {
  constructor(private readonly settings: ServerConnection.ISettings) {}

  /** Whether the last request reached the workbench. */
  get state(): ConnectionState {
    return this._state;
  }

  get stateChanged(): ISignal<this, ConnectionState> {
    return this._stateChanged;
  }

  get<T>(path: string, signal?: AbortSignal): Promise<T> {
    return this.request<T>(path, { method: 'GET', signal });
  }

  post<T>(path: string, body: unknown, signal?: AbortSignal): Promise<T> {
    return this.request<T>(path, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'Content-Type': 'application/json' },
      signal
    });
  }

  /** One request with its answer as it came, for the widgets that are shared with other pages; the state follows. */
  async carry(path: string, init: RequestInit): Promise<Response> {
    const response = await this.reach(() => this.fetch(path, init), init);
    const state = response.ok ? null : unreachableBy(response.status, await readBody(response.clone()));
    this.setState(state ?? 'online');
    return response;
  }

  /** Raises `ProblemError` when the server refuses and `UnreachableError` when it does not answer. */
  private async request<T>(path: string, init: RequestInit): Promise<T> {
    const [response, body] = await this.reach(async () => {
      const answer = await this.fetch(path, init);
      return [answer, await readBody(answer)] as const;
    }, init);
    if (response.ok) {
      this.setState('online');
      return body as T;
    }
    const unreachable = unreachableBy(response.status, body);
    this.setState(unreachable ?? 'online');
    if (unreachable && unreachable !== 'signed-out') {
      throw new UnreachableError(unreachable, `HTTP ${response.status}`);
    }
    throw new ProblemError(readProblem(response.status, body));
  }

  private fetch(path: string, init: RequestInit): Promise<Response> {
    const url = URLExt.join(this.settings.baseUrl, 'alm/api/v1', path);
    return ServerConnection.makeRequest(url, init, this.settings);
  }

  private async reach<T>(work: () => Promise<T>, init: RequestInit): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (init.signal?.aborted) {
        throw error;
      }
      this.setState('offline');
      throw new UnreachableError('offline', String((error as Error).message ?? error));
    }
  }

  private setState(state: ConnectionState): void {
    if (state !== this._state) {
      this._state = state;
      this._stateChanged.emit(state);
    }
  }

  private _state: ConnectionState = 'connecting';
  private readonly _stateChanged = new Signal<this, ConnectionState>(this);
}

async function readBody(response: Response): Promise<unknown> {
  const content = await response.text();
  try {
    return content ? JSON.parse(content) : null;
  } catch {
    return null;
  }
}
