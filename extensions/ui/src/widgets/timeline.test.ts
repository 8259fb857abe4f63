import { afterEach, describe, expect, it, vi } from 'vitest';

import { type Ask, ProblemError, type Values } from './ask';
import { type Entry, flat, matches, NO_FILTER } from './history';
import { make } from './index';

const MARKUP = '<img src=x onerror=alert(1)>';

function entry(version: number, more: Partial<Entry> = {}): Entry {
  return {
    version,
    change_type: version === 1 ? 'INITIAL' : 'UPDATE',
    actor_id: version % 2 ? 'a' : 'b',
    actor: version % 2 ? 'Ada' : MARKUP,
    command: 'UpdateArtifact',
    correlation_id: `c-${version}`,
    occurred_at: `2026-01-${String(version).padStart(2, '0')}T10:00:00Z`,
    recorded_at: `2026-01-${String(version).padStart(2, '0')}T10:00:01Z`,
    changes: [{ property: 'title', left: `old ${version}`, right: MARKUP }],
    ...more
  };
}

type Answers = Record<string, (values: Values) => unknown>;

async function show(
  answers: Answers,
  attributes: Record<string, string> = {}
): Promise<{ root: ShadowRoot; asked: [string, Values][] }> {
  const asked: [string, Values][] = [];
  const face = make('alm-audit-timeline', {
    'entity-type': 'Artifact',
    'entity-id': 'e1',
    caption: 'DEMO-1',
    lang: 'en',
    ...attributes
  });
  face.ask = (async (message: string, values: Values = {}) => {
    asked.push([message, values]);
    const answer = answers[message];
    if (!answer) {
      throw new ProblemError({ title: 'Not found', status: 404, detail: message });
    }
    return answer(values);
  }) as Ask;
  document.body.append(face);
  const root = face.shadowRoot as ShadowRoot;
  await vi.waitFor(() => expect(root.querySelector('.loading')).toBeNull());
  return { root, asked };
}

const page = (...items: Entry[]): Answers => ({ EntityHistory: () => ({ items, next_cursor: null }) });
const versions = (root: ShadowRoot): (string | undefined)[] =>
  [...root.querySelectorAll<HTMLElement>('ol.versions > li')].map(item => item.dataset.version);

function press(target: Element, key: string): void {
  target.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
}

function input(control: HTMLInputElement | HTMLSelectElement, value: string): void {
  control.value = value;
  control.dispatchEvent(new Event('input', { bubbles: true }));
}

afterEach(() => (document.body.innerHTML = ''));

describe('<alm-audit-timeline>', () => {
  it('shows who, when and what, and every value as text', async () => {
    const { root } = await show(page(entry(2), entry(1)));
    expect(root.querySelector('h2')?.textContent).toBe('History of DEMO-1');
    expect(versions(root)).toEqual(['2', '1']);
    const first = root.querySelector<HTMLButtonElement>('.entry > button');
    expect(first?.textContent).toContain(MARKUP);
    first?.click();
    expect(first?.getAttribute('aria-expanded')).toBe('true');
    expect(root.querySelector('.detail ins')?.textContent).toContain(MARKUP);
    expect(root.querySelector('.detail')?.textContent).toContain('c-2');
    expect(root.querySelector('img')).toBeNull();
  });

  it('narrows by person, kind, text and day, and says how many are left', async () => {
    const { root } = await show(
      page(entry(3, { changes: [{ property: 'severity', left: 1, right: 4 }] }), entry(2), entry(1))
    );
    const controls = root.querySelectorAll<HTMLInputElement>('.filters select, .filters input');
    input(controls[0] as HTMLInputElement, 'a');
    expect(versions(root)).toEqual(['3', '1']);
    expect(root.querySelector('.voice')?.textContent).toBe('2 of 3 versions');
    input(controls[1] as HTMLInputElement, 'INITIAL');
    expect(versions(root)).toEqual(['1']);
    root.querySelector<HTMLButtonElement>('button[type="reset"]')?.click();
    await vi.waitFor(() => expect(versions(root)).toHaveLength(3));
    input(controls[2] as HTMLInputElement, 'SEVER');
    expect(versions(root)).toEqual(['3']);
    input(controls[2] as HTMLInputElement, 'nothing like that');
    expect(root.textContent).toContain('No version matches the filters');
  });

  it('is walked through by keys, as one stop of the tab order', async () => {
    const { root } = await show(page(entry(3), entry(2), entry(1)));
    const buttons = [...root.querySelectorAll<HTMLButtonElement>('.entry > button')];
    expect(buttons.map(item => item.tabIndex)).toEqual([0, -1, -1]);
    buttons[0]?.focus();
    press(buttons[0] as Element, 'ArrowDown');
    expect(root.activeElement).toBe(buttons[1]);
    press(buttons[1] as Element, 'End');
    expect(root.activeElement).toBe(buttons[2]);
    expect(buttons.map(item => item.tabIndex)).toEqual([-1, -1, 0]);
    press(buttons[2] as Element, 'ArrowDown');
    expect(root.activeElement).toBe(buttons[2]);
  });

  it('keeps what is typed in it from JupyterLab’s shortcuts', async () => {
    const { root } = await show(page(entry(2), entry(1)));
    const heard = vi.fn();
    document.addEventListener('keydown', heard);
    const field = root.querySelector('input[type="search"]') as Element;
    const type = (key: string, more: KeyboardEventInit = {}): boolean =>
      field.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, composed: true, ...more }));
    type('d');
    type('a', { ctrlKey: true });
    expect(root.host.hasAttribute('data-lm-suppress-shortcuts')).toBe(true);
    expect(heard).not.toHaveBeenCalled();
    type('C', { ctrlKey: true, shiftKey: true });
    document.removeEventListener('keydown', heard);
    expect(root.host.hasAttribute('data-lm-suppress-shortcuts')).toBe(false);
    expect(heard).toHaveBeenCalledOnce();
  });

  it('shows a whole version and the difference of any two', async () => {
    const { root, asked } = await show({
      ...page(entry(3), entry(2), entry(1)),
      GetSnapshot: () => ({
        version: 3,
        payload: { title: MARKUP, fields: { severity: 4 } },
        masked: ['cost']
      }),
      DiffSnapshots: () => ({ changes: [{ property: 'title', left: 'a', right: 'b' }], masked: [] })
    });
    root.querySelector<HTMLButtonElement>('.entry > button')?.click();
    [...root.querySelectorAll<HTMLButtonElement>('.detail button')]
      .find(b => /whole/.test(b.textContent ?? ''))
      ?.click();
    await vi.waitFor(() => expect(root.querySelector('.detail')?.textContent).toContain('fields.severity'));
    expect(root.querySelector('.detail')?.textContent).toContain('Withheld from you: cost');
    const boxes = [...root.querySelectorAll<HTMLInputElement>('.entry > input')];
    for (const box of [boxes[0], boxes[2]]) {
      box?.click();
    }
    root.querySelector<HTMLButtonElement>('.foot .main')?.click();
    await vi.waitFor(() =>
      expect(root.querySelector('dialog')?.textContent).toContain('Between version 1 and version 3')
    );
    expect(asked.at(-1)).toEqual([
      'DiffSnapshots',
      { entity_type: 'Artifact', entity_id: 'e1', from: 1, to: 3 }
    ]);
  });

  it('loads older versions and goes on from there', async () => {
    const { root, asked } = await show({
      EntityHistory: values =>
        values.cursor
          ? { items: [entry(1)], next_cursor: null }
          : { items: [entry(3), entry(2)], next_cursor: 'n' }
    });
    expect(root.textContent).toContain('2 newest versions');
    [...root.querySelectorAll<HTMLButtonElement>('.foot button')][0]?.click();
    await vi.waitFor(() => expect(versions(root)).toEqual(['3', '2', '1']));
    expect(asked.at(-1)?.[1].cursor).toBe('n');
    expect((root.activeElement?.closest('li') as HTMLElement).dataset.version).toBe('1');
  });

  it('says so when there is nothing, when it is refused, and tries again', async () => {
    const { root } = await show(page());
    expect(root.textContent).toContain('No versions yet');
    document.body.innerHTML = '';
    const answers: Answers = {};
    const { root: refused } = await show(answers);
    expect(refused.querySelector('[role="alert"]')?.textContent).toContain('Not found');
    Object.assign(answers, page(entry(1)));
    refused.querySelector<HTMLButtonElement>('.problem button')?.click();
    await vi.waitFor(() => expect(versions(refused)).toEqual(['1']));
  });

  it('shortens long texts until they are asked for, and names what is withheld', async () => {
    const long = 'x'.repeat(5000);
    const { root } = await show(
      page(entry(1, { changes: [{ property: 'title', left: null, right: long }], masked: ['cost'] }))
    );
    root.querySelector<HTMLButtonElement>('.entry > button')?.click();
    const cell = root.querySelector('.detail td:last-child');
    expect((cell?.textContent ?? '').length).toBeLessThan(500);
    cell?.querySelector<HTMLButtonElement>('button')?.click();
    expect(cell?.textContent).toContain(long);
    expect(root.querySelector('.detail')?.textContent).toContain('Withheld from you: cost');
  });

  it('speaks Turkish', async () => {
    const { root } = await show(page(entry(1)), { lang: 'tr' });
    expect(root.querySelector('h2')?.textContent).toBe('DEMO-1 geçmişi');
    expect(root.textContent).toContain('Oluşturuldu');
  });
});

describe('the filters', () => {
  it('find text in properties, values, command and correlation id', () => {
    const found = (text: string): boolean => matches(entry(7), { ...NO_FILTER, text });
    expect(['TITLE', 'old 7', 'updateartifact', 'C-7', ' 7 '].map(found)).toEqual([
      true,
      true,
      true,
      true,
      true
    ]);
    expect(found('severity')).toBe(false);
  });

  it('put custom fields beside the other properties', () => {
    expect(flat({ title: 'a', fields: { severity: 4 } })).toEqual({ title: 'a', 'fields.severity': 4 });
    expect(flat({ title: 'a', fields: null })).toEqual({ title: 'a' });
  });
});
