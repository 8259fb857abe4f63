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

  /** Raises `ProblemError` when the server refuses and `UnreachableError` when it does not answer. */
  private async request<T>(path: string, init: RequestInit): Promise<T> {
    const url = URLExt.join(this.settings.baseUrl, 'alm/api/v1', path);
    let response: Response;
    let body: unknown;
    try {
      response = await ServerConnection.makeRequest(url, init, this.settings);
      body = await readBody(response);
    } catch (error) {
      if (init.signal?.aborted) {
        throw error;
      }
      this.setState('offline');
      throw new UnreachableError('offline', String((error as Error).message ?? error));
    }
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
