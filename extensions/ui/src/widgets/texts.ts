import { ADMIN_EN, ADMIN_TR } from './texts/admin';
import { AUDIT_EN, AUDIT_TR } from './texts/audit';
import { COMMON_EN, COMMON_TR } from './texts/common';
import { PEOPLE_EN, PEOPLE_TR } from './texts/people';

const EN = { ...COMMON_EN, ...PEOPLE_EN, ...AUDIT_EN, ...ADMIN_EN };

export type TextKey = keyof typeof EN;

export const TEXTS: Record<'en' | 'tr', Record<TextKey, string>> = {
  en: EN,
  tr: { ...COMMON_TR, ...PEOPLE_TR, ...AUDIT_TR, ...ADMIN_TR }
};

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60]
];

/** Texts, dates and numbers in the language of a widget: the given one, else the page's, else English. */
export class Texts {
  readonly language: 'en' | 'tr';

  constructor(wanted: string | null = null) {
    const page = typeof document === 'undefined' ? '' : document.documentElement.lang;
    this.language = (wanted || page || 'en').toLowerCase().startsWith('tr') ? 'tr' : 'en';
  }

  t(key: TextKey, values: Record<string, string | number> = {}): string {
    return TEXTS[this.language][key].replace(/\{(\w+)\}/g, (whole, name: string) =>
      String(values[name] ?? whole)
    );
  }

  /** A code of the API (`INITIAL`, `login_failed`) in words where we know it, else made readable. */
  word(prefix: string, code: string): string {
    const key = `${prefix}_${code}`;
    const texts: Record<string, string> = TEXTS[this.language];
    const plain = code.replace(/_/g, ' ');
    return texts[key] ?? plain.charAt(0).toUpperCase() + plain.slice(1);
  }

  number(given: number): string {
    return new Intl.NumberFormat(this.language, { maximumFractionDigits: 6 }).format(given);
  }

  /** A moment in the reader's own time zone. */
  when(iso: string): string {
    const date = new Date(iso);
    return Number.isNaN(date.getTime())
      ? iso
      : new Intl.DateTimeFormat(this.language, { dateStyle: 'medium', timeStyle: 'short' }).format(date);
  }

  ago(iso: string, now: number = Date.now()): string {
    const seconds = Math.round((Date.parse(iso) - now) / 1000);
    const [unit, size] = STEPS.find(([, length]) => Math.abs(seconds) >= length) ?? [null, 1];
    return unit
      ? new Intl.RelativeTimeFormat(this.language, { numeric: 'auto' }).format(
          Math.trunc(seconds / size),
          unit
        )
      : this.t('justNow');
  }
}

/** One of a process' labels in a language. */
export function labelOf(
  labels: Record<string, string> | null | undefined,
  texts: Texts,
  fallback: string
): string {
  return labels?.[texts.language] || labels?.en || fallback;
}
