import { describe, expect, it } from 'vitest';

import { catalogue, messages } from './catalogue';

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
