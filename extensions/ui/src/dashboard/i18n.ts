import { type Cell, type Column, type Labels } from './types';

const EN = {
  loading: 'Loading…',
  empty: 'No items yet',
  emptyHint: 'As soon as there is something to count, it appears here.',
  noProject: 'No project yet',
  noProjectHint: 'Create a project, or ask for access to one.',
  unknownProject: 'There is no project “{key}” for you.',
  project: 'Project',
  showTable: 'Show as table',
  showChart: 'Show as chart',
  csv: 'Download CSV',
  showQuery: 'Show query',
  hideQuery: 'Hide query',
  retry: 'Retry',
  errorTitle: 'This could not be loaded',
  unreachable: 'The server does not answer',
  unreachableHint: 'Check the connection, then try again.',
  correlation: 'Reference',
  staleNote: 'Could not refresh; showing the last known data.',
  asOf: 'Data as of',
  asOfNone: 'Waiting for data',
  noTime: 'The data carries no time',
  rowsShown: 'First {shown} of {total} rows',
  none: '—',
  yes: 'yes',
  no: 'no',
  sortBy: 'Sort by {column}',
  justNow: 'just now',
  todo: 'To do',
  in_progress: 'In progress',
  done: 'Done'
};

export type TextKey = keyof typeof EN;

const TR: Record<TextKey, string> = {
  loading: 'Yükleniyor…',
  empty: 'Henüz kayıt yok',
  emptyHint: 'Sayılacak bir şey olduğunda burada görünür.',
  noProject: 'Henüz proje yok',
  noProjectHint: 'Bir proje oluşturun ya da bir projeye erişim isteyin.',
  unknownProject: 'Size açık bir “{key}” projesi yok.',
  project: 'Proje',
  showTable: 'Tablo olarak göster',
  showChart: 'Grafik olarak göster',
  csv: 'CSV indir',
  showQuery: 'Sorguyu göster',
  hideQuery: 'Sorguyu gizle',
  retry: 'Yeniden dene',
  errorTitle: 'Bu bölüm yüklenemedi',
  unreachable: 'Sunucu yanıt vermiyor',
  unreachableHint: 'Bağlantıyı denetleyip yeniden deneyin.',
  correlation: 'Başvuru no',
  staleNote: 'Yenilenemedi; bilinen son veriler gösteriliyor.',
  asOf: 'Verilerin zamanı:',
  asOfNone: 'Veri bekleniyor',
  noTime: 'Verilerin zamanı bilinmiyor',
  rowsShown: '{total} satırın ilk {shown} satırı',
  none: '—',
  yes: 'evet',
  no: 'hayır',
  sortBy: '{column} sütununa göre sırala',
  justNow: 'şimdi',
  todo: 'Yapılacak',
  in_progress: 'Sürüyor',
  done: 'Bitti'
};

export const TEXTS: Record<string, Record<TextKey, string>> = { en: EN, tr: TR };

/** The page's language: one of ours, English for any other. */
export function language(): string {
  const wanted = (document.documentElement.lang || navigator.language || 'en').slice(0, 2).toLowerCase();
  return wanted in TEXTS ? wanted : 'en';
}

export function t(key: TextKey, values: Record<string, string | number> = {}): string {
  const text = (TEXTS[language()] ?? EN)[key];
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** A label that may come in several languages. */
export function label(value: string | Labels | null | undefined, fallback = ''): string {
  if (value == null) {
    return fallback;
  }
  return typeof value === 'string' ? value : (value[language()] ?? value.en ?? fallback);
}

/** A label that names a type's or state's id, made readable when the server sent none. */
export function readable(name: string): string {
  const words = name.replace(/_/g, ' ').trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

const DATE_ONLY = /^\d{4}-\d{2}-\d{2}$/;

export function isTemporal(column: Column | undefined): boolean {
  return /date|time/i.test(column?.type ?? '');
}

export function isNumeric(column: Column | undefined): boolean {
  return /int|float|double|decimal|numeric|number|real/i.test(column?.type ?? '');
}

/** A pure date stays that day everywhere; a moment is shown in the tenant's time zone. */
export function formatDate(value: string, timeZone: string, style: 'short' | 'full' = 'full'): string {
  const pure = DATE_ONLY.test(value) || /T00:00:00(\.0+)?$/.test(value);
  const date = new Date(pure ? `${value.slice(0, 10)}T00:00:00Z` : value);
  if (Number.isNaN(date.getTime())) {
    return value;
  }
  const day: Intl.DateTimeFormatOptions =
    style === 'short'
      ? { day: 'numeric', month: 'short' }
      : { day: 'numeric', month: 'short', year: 'numeric' };
  const time: Intl.DateTimeFormatOptions =
    pure || style === 'short' ? {} : { hour: '2-digit', minute: '2-digit' };
  return new Intl.DateTimeFormat(language(), { ...day, ...time, timeZone: pure ? 'UTC' : timeZone }).format(
    date
  );
}

export function formatNumber(value: number): string {
  return new Intl.NumberFormat(language(), { maximumFractionDigits: 2 }).format(value);
}

export function formatCell(value: Cell | undefined, column: Column | undefined, timeZone: string): string {
  if (value == null || value === '') {
    return t('none');
  }
  if (typeof value === 'number') {
    return formatNumber(value);
  }
  if (typeof value === 'boolean') {
    return t(value ? 'yes' : 'no');
  }
  return isTemporal(column) ? formatDate(value, timeZone) : value;
}

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60]
];

/** “3 minutes ago”, in the page's language. */
export function ago(iso: string, now: number = Date.now()): string {
  const seconds = Math.round((Date.parse(iso) - now) / 1000);
  for (const [unit, size] of STEPS) {
    if (Math.abs(seconds) >= size) {
      return new Intl.RelativeTimeFormat(language(), { numeric: 'auto' }).format(
        Math.trunc(seconds / size),
        unit
      );
    }
  }
  return t('justNow');
}
