import { afterEach, describe, expect, it, vi } from 'vitest';

import { type Ask, ProblemError, type Values } from './ask';
import { make } from './index';

const MARKUP = '<b onmouseover=alert(1)>Acme</b>';
const ADA = { display_name: 'Ada', email: 'ada@acme.example', tenant_name: MARKUP, tenant_slug: 'acme' };

type Answer = (values: Values) => unknown;

function show(
  tag: string,
  answers: Record<string, Answer>,
  attributes: Record<string, string> = {}
): { root: ShadowRoot; asked: [string, Values][] } {
  const asked: [string, Values][] = [];
  const face = make(tag, { lang: 'en', ...attributes });
  face.ask = (async (message: string, values: Values = {}) => {
    asked.push([message, values]);
    return (answers[message] as Answer)(values);
  }) as Ask;
  document.body.append(face);
  return { root: face.shadowRoot as ShadowRoot, asked };
}

function fill(root: ShadowRoot, ...texts: string[]): void {
  const inputs = root.querySelectorAll<HTMLInputElement>('.field input');
  texts.forEach((text, index) => ((inputs[index] as HTMLInputElement).value = text));
}

const submit = (root: ShadowRoot): boolean =>
  (root.querySelector('form') as HTMLFormElement).dispatchEvent(
    new Event('submit', { cancelable: true, bubbles: true })
  );

const refuse = (problem: Partial<Record<string, unknown>>): never => {
  throw new ProblemError({
    title: 'Please log in',
    status: 401,
    detail: 'E-mail or password is wrong',
    ...problem
  });
};

afterEach(() => (document.body.innerHTML = ''));

describe('<alm-login>', () => {
  it('sends what was typed, once, and keeps no password', async () => {
    const { root, asked } = show('alm-login', { login: () => ADA }, { variable: 'wb' });
    fill(root, ' ada@acme.example ', 'secret');
    submit(root);
    await vi.waitFor(() => expect(root.querySelector('.done')).not.toBeNull());
    expect(asked).toEqual([['login', { email: 'ada@acme.example', password: 'secret', tenant: null }]]);
    expect(root.querySelector('.done')?.textContent).toContain(MARKUP);
    expect(root.querySelector('b[onmouseover]')).toBeNull();
    expect(root.textContent).toContain('variable wb');
    expect(root.innerHTML).not.toContain('secret');
  });

  it('names the first field that is missing and asks nobody', () => {
    const { root, asked } = show('alm-login', {});
    submit(root);
    expect(root.querySelector('[role="alert"]')?.textContent).toBe('Fill in E-mail address.');
    expect(root.activeElement?.getAttribute('aria-invalid')).toBe('true');
    expect(asked).toEqual([]);
  });

  it('lets members of several organisations choose, with what they typed', async () => {
    const tenants = [
      { slug: 'acme', name: 'Acme' },
      { slug: 'globex', name: 'Globex' }
    ];
    const { root, asked } = show('alm-login', {
      login: values => (values.tenant ? ADA : refuse({ status: 422, tenants }))
    });
    fill(root, 'ada@acme.example', 'secret');
    submit(root);
    await vi.waitFor(() => expect(root.querySelector('select')).not.toBeNull());
    const choice = root.querySelector('select') as HTMLSelectElement;
    expect(root.activeElement).toBe(choice);
    choice.value = 'globex';
    submit(root);
    await vi.waitFor(() => expect(root.querySelector('.done')).not.toBeNull());
    expect(asked[1]?.[1]).toEqual({ email: 'ada@acme.example', password: 'secret', tenant: 'globex' });
  });

  it('keeps what was typed when it is refused', async () => {
    const { root } = show('alm-login', { login: () => refuse({}) });
    fill(root, 'ada@acme.example', 'wrong');
    submit(root);
    await vi.waitFor(() => expect(root.querySelector('.problem')).not.toBeNull());
    expect(root.querySelector('.problem')?.textContent).toContain('E-mail or password is wrong');
    expect(root.querySelector<HTMLInputElement>('input[type="email"]')?.value).toBe('ada@acme.example');
    expect(root.querySelector<HTMLButtonElement>('button[type="submit"]')?.disabled).toBe(false);
  });
});

describe('<alm-register>', () => {
  it('compares the two passwords before anybody is asked', async () => {
    const { root, asked } = show('alm-register', { register: () => ADA }, { token: 'code' });
    fill(root, 'ada@acme.example', 'Ada', 'one long password', 'another password');
    submit(root);
    expect(root.querySelector('[role="alert"]')?.textContent).toBe('The two passwords are not the same.');
    fill(root, 'ada@acme.example', 'Ada', 'one long password', 'one long password');
    submit(root);
    await vi.waitFor(() => expect(root.querySelector('.done')).not.toBeNull());
    expect(asked).toEqual([
      [
        'register',
        {
          email: 'ada@acme.example',
          display_name: 'Ada',
          password: 'one long password',
          invitation: 'code',
          locale: 'en'
        }
      ]
    ]);
  });
});

describe('<alm-tenant-switcher>', () => {
  it('says where one is, and switches', async () => {
    let here = 'acme';
    const { root, asked } = show('alm-tenant-switcher', {
      Me: () => ({ ...ADA, tenant_slug: here }),
      ListMyTenants: () => [
        { slug: 'acme', name: MARKUP },
        { slug: 'globex', name: 'Globex' }
      ],
      switch: values => {
        here = String(values.tenant);
        return {};
      }
    });
    await vi.waitFor(() => expect(root.querySelector('[aria-current]')?.textContent).toContain(MARKUP));
    root.querySelector<HTMLButtonElement>('li button')?.click();
    await vi.waitFor(() => expect(root.querySelector('.done')?.textContent).toBe('You are in Globex now.'));
    expect(root.querySelector('[aria-current]')?.textContent).toContain('Globex');
    expect(asked.find(([name]) => name === 'switch')?.[1]).toEqual({ tenant: 'globex' });
  });

  it('tells who belongs to one organisation only that there is nothing to switch to', async () => {
    const { root } = show('alm-tenant-switcher', {
      Me: () => ADA,
      ListMyTenants: () => [{ slug: 'acme', name: 'Acme' }]
    });
    await vi.waitFor(() => expect(root.textContent).toContain('You belong to this organisation only.'));
    expect(root.querySelector('li button')).toBeNull();
  });
});
