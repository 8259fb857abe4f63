import { URLExt } from '@jupyterlab/coreutils';

import { type Ask, ProblemError, restAsk, type Values } from '../../../ui/src/widgets/ask';
import type { AlmClient } from '../api/client';
import type { IMe } from '../api/types';

function cookie(name: string): string {
  const found = document.cookie.split('; ').find(part => part.startsWith(`${name}=`));
  return found ? decodeURIComponent(found.slice(name.length + 1)) : '';
}

/** What the log-in page answered: the way on, a choice of organisations, or a refusal. */
interface IPageAnswer {
  done: boolean;
  choice: string;
  tenants: { slug: string; name: string }[];
  words: string;
}

async function readPage(response: Response): Promise<IPageAnswer> {
  if (response.type === 'opaqueredirect') {
    return { done: true, choice: '', tenants: [], words: '' };
  }
  const page = new DOMParser().parseFromString(await response.text(), 'text/html');
  const options = [
    ...page.querySelectorAll<HTMLElement>('button[name="tenant"], option, input[name="tenant"]')
  ];
  const tenants = options
    .map(item => ({ slug: item.getAttribute('value') ?? '', name: (item.textContent ?? '').trim() }))
    .filter(item => item.slug);
  return {
    done: false,
    choice: page.querySelector('input[name="choice"]')?.getAttribute('value') ?? '',
    tenants: tenants.map(item => ({ ...item, name: item.name || item.slug })),
    words: (page.querySelector('[role="alert"]')?.textContent ?? '').trim()
  };
}

/**
 * Log this browser in by the server's own log-in page, so that the session is its cookie and no token ever stands in a
 * script. The page needs its XSRF cookie, which a first visit brings.
 */
export function browserLogin(base: string, failed: string): (values: Values) => Promise<void> {
  const url = URLExt.join(base, 'login');
  let choice = '';
  const post = async (fields: Record<string, string>): Promise<IPageAnswer> => {
    await fetch(url, { credentials: 'same-origin', redirect: 'manual', cache: 'no-store' });
    const body = new URLSearchParams({ ...fields, _xsrf: cookie('_xsrf') });
    return readPage(
      await fetch(url, { method: 'POST', credentials: 'same-origin', redirect: 'manual', body })
    );
  };
  return async values => {
    const tenant = typeof values.tenant === 'string' ? values.tenant : '';
    const known: Record<string, string> =
      choice && tenant
        ? { choice, tenant }
        : { email: String(values.email), password: String(values.password) };
    choice = '';
    const answer = await post(known);
    if (answer.done) {
      return;
    }
    choice = answer.choice;
    if (choice && answer.tenants.length) {
      throw new ProblemError({ title: failed, status: 422, detail: '', tenants: answer.tenants });
    }
    throw new ProblemError({ title: failed, status: 401, detail: answer.words });
  };
}

/** What the log-in form of a dialog may ask: to log in, and then who that is. */
export function loginAsk(client: AlmClient, base: string, failed: string): Ask {
  const login = browserLogin(base, failed);
  const rest = restAsk((path, init) => client.carry(path, init));
  return async <T>(message: Parameters<Ask>[0], values: Values = {}): Promise<T> => {
    if (message !== 'login') {
      return rest<T>(message, values);
    }
    await login(values);
    return (await rest<IMe>('Me')) as T;
  };
}
