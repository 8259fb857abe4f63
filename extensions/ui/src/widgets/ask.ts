import { type MessageName, ROUTES } from './routes';

/** RFC 9457 problem document, as far as people read it. */
export interface Problem {
  title: string;
  status: number;
  detail: string;
  correlation_id?: string;
  errors?: { path?: string; message?: string }[];
  reasons?: unknown[];
  [more: string]: unknown;
}

/** The server, or the kernel before it, refused or did not answer. */
export class ProblemError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail || problem.title);
    this.name = 'ProblemError';
  }
}

export type Values = Record<string, unknown>;

/** What a widget of the notebook lets its page ask for beside the messages of the API. */
export type Action = 'login' | 'register' | 'switch';

/** Sends one message of the API, by its name, and gives back its answer; raises `ProblemError`. */
export type Ask = <T>(message: MessageName | Action, values?: Values) => Promise<T>;

/** The part of an anywidget model that is used here. */
export interface Model {
  get(name: string): unknown;
  send(content: unknown): void;
  on(event: string, callback: (content: unknown) => void): void;
  off(event: string, callback: (content: unknown) => void): void;
}

interface Answer {
  id: string;
  ok: boolean;
  value?: unknown;
  problem?: Problem;
}

interface Waiting {
  resolve: (value: never) => void;
  reject: (error: ProblemError) => void;
}

function isAnswer(content: unknown): content is Answer {
  return typeof content === 'object' && content !== null && typeof (content as Answer).id === 'string';
}

/**
 * Messages through the widget's own channel: the kernel sends them with the notebook's connection. Several views of
 * one widget hear every answer, so ids are drawn at random and each view takes its own only. `waits` is told when an
 * answer lets itself wait for, and when nothing is waited for any more.
 */
export function kernelAsk(
  model: Model,
  waits: (slow: boolean) => void = () => undefined,
  patience = 4000
): { ask: Ask; stop: () => void } {
  const waiting = new Map<string, Waiting>();
  const hear = (content: unknown): void => {
    if (!isAnswer(content)) {
      return;
    }
    const call = waiting.get(content.id);
    waiting.delete(content.id);
    if (content.ok) {
      call?.resolve(content.value as never);
    } else {
      call?.reject(new ProblemError(content.problem ?? { title: 'Error', status: 0, detail: '' }));
    }
  };
  model.on('msg:custom', hear);
  const ask: Ask = (message, values = {}) =>
    new Promise((resolve, reject) => {
      const id = Array.from(crypto.getRandomValues(new Uint32Array(3)), part => part.toString(36)).join('');
      const timer = setTimeout(() => waiting.has(id) && waits(true), patience);
      const settle = (done: () => void): void => {
        clearTimeout(timer);
        if (!waiting.size) {
          waits(false);
        }
        done();
      };
      waiting.set(id, {
        resolve: value => settle(() => resolve(value)),
        reject: error => settle(() => reject(error))
      });
      model.send({ id, message, values });
    });
  return { ask, stop: () => model.off('msg:custom', hear) };
}

/** What carries a request: the page's own session here, JupyterLab's settings in the Lab extension. */
export type Carry = (path: string, init: RequestInit) => Promise<Response>;

function cookie(name: string): string {
  const found = document.cookie.split('; ').find(part => part.startsWith(`${name}=`));
  return found ? decodeURIComponent(found.slice(name.length + 1)) : '';
}

/** The path of the server that this page came from, with a slash at both ends. */
export function baseUrl(): string {
  const ours = document.querySelector<HTMLMetaElement>('meta[name="alm-base"]')?.content;
  if (ours) {
    return ours;
  }
  const lab = document.getElementById('jupyter-config-data')?.textContent;
  const base: unknown = lab ? (JSON.parse(lab) as { baseUrl?: unknown }).baseUrl : null;
  return typeof base === 'string' && base.startsWith('/') ? base : '/';
}

const ownSession: Carry = (path, init) => {
  const headers = new Headers(init.headers);
  if (init.method !== 'GET') {
    headers.set('X-XSRFToken', cookie('_xsrf'));
  }
  return fetch(`${baseUrl()}alm/api/v1/${path}`, { ...init, headers, credentials: 'same-origin' });
};

/** The request of a message: its path, query, body and headers. */
export function request(message: MessageName, values: Values): { path: string; init: RequestInit } {
  const [method, template] = ROUTES[message];
  const inPath = new Set<string>(['expected_version']);
  const path = template.replace(/\{(\w+)\}/g, (_, name: string) => {
    inPath.add(name);
    return encodeURIComponent(String(values[name]));
  });
  const headers: Record<string, string> = { Accept: 'application/json' };
  if ('expected_version' in values) {
    headers['If-Match'] = `"${String(values.expected_version)}"`;
  }
  const given = Object.entries(values).filter(([name, value]) => !inPath.has(name) && value != null);
  if (method === 'GET') {
    const query = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
    return { path: query ? `${path}?${query}` : path, init: { method, headers } };
  }
  headers['Content-Type'] = 'application/json';
  return { path, init: { method, headers, body: JSON.stringify(Object.fromEntries(given)) } };
}

/** Messages straight to the REST API, with the rights of whoever looks at the page. */
export function restAsk(carry: Carry = ownSession): Ask {
  return async <T>(message: MessageName | Action, values: Values = {}): Promise<T> => {
    const name = message === 'switch' ? 'SwitchTenant' : message;
    if (!(name in ROUTES)) {
      throw new ProblemError({ title: 'Error', status: 0, detail: `${message} needs a notebook` });
    }
    const { path, init } = request(name as MessageName, values);
    let response: Response;
    try {
      response = await carry(path, init);
    } catch (error) {
      throw new ProblemError({
        title: '',
        status: 0,
        detail: String((error as Error).message ?? error),
        offline: true
      });
    }
    const text = await response.text();
    let body: unknown = null;
    try {
      body = text ? JSON.parse(text) : null;
    } catch {
      body = null;
    }
    if (response.ok) {
      return body as T;
    }
    const told = (typeof body === 'object' && body !== null ? body : {}) as Partial<Problem>;
    throw new ProblemError({
      ...told,
      title: typeof told.title === 'string' ? told.title : `HTTP ${response.status}`,
      detail: typeof told.detail === 'string' ? told.detail : response.statusText,
      status: response.status
    });
  };
}
