import { Gettext } from '@jupyterlab/translation';
import { describe, expect, it, vi } from 'vitest';

import { catalogue, messages, raw } from './catalogue';

const placeholders = (text: string): string[] => (text.match(/%\d/g) ?? []).sort();

describe('the Turkish catalogue', () => {
  const turkish = catalogue('tr_TR');

  it('has every text of the front end and nothing else', () => {
    expect(Object.keys(turkish).sort()).toEqual(messages());
  });

  it.each(Object.entries(turkish))('%s: translated, with the same placeholders', (key, forms) => {
    const original = key.split('\u0004').pop() as string;
    expect(forms.length).toBeGreaterThan(0);
    for (const form of forms) {
      expect(form.trim()).not.toBe('');
      expect(placeholders(form)).toEqual(placeholders(original));
    }
  });
});

describe('the head of the catalogue', () => {
  it('is what the translator of JupyterLab looks up', () => {
    vi.stubGlobal('document', { documentElement: { getAttribute: () => null } });
    const translations = new Gettext({ domain: 'alm_workbench', locale: 'tr_TR' });
    const { '': head, ...entries } = raw('tr_TR');
    translations.loadJSON(
      { ...entries, '': { ...head, pluralForms: head.plural_forms } } as never,
      'alm_workbench'
    );
    expect(translations.__('Check')).toBe('Denetle');
    expect(translations._n('%1 error', '%1 errors', 3, 3)).toBe('3 hata');
  });
});
