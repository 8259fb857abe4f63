import { bounds, type Filter } from './history';
import { field, h, select } from './parts';
import { type Texts } from './texts';

/** The controls above a history: who, what, text and days; every change is told at once. */
export function filterForm(
  texts: Texts,
  people: readonly (readonly [string, string])[],
  changed: (filter: Filter) => void
): HTMLFormElement {
  const kinds = ['INITIAL', 'UPDATE', 'DELETE', 'RESTORE'].map(
    code => [code, texts.word('change', code)] as const
  );
  const actor = select(people);
  const change = select([['', texts.t('anything')], ...kinds]);
  const contains = h('input', { type: 'search', autocomplete: 'off' });
  const from = h('input', { type: 'date' });
  const to = h('input', { type: 'date' });
  const read = (): void =>
    changed({
      actor: actor.value,
      change: change.value,
      text: contains.value,
      ...bounds(from.value, to.value)
    });
  const text = field(texts.t('contains'), contains);
  text.classList.add('wide');
  const form = h(
    'form',
    { class: 'filters', role: 'search', 'aria-label': texts.t('filters') },
    field(texts.t('who'), actor),
    field(texts.t('what'), change),
    text,
    field(texts.t('from'), from),
    field(texts.t('to'), to),
    h('button', { type: 'reset' }, texts.t('clear'))
  );
  form.addEventListener('submit', event => event.preventDefault());
  form.addEventListener('input', read);
  form.addEventListener('reset', () => setTimeout(read));
  return form;
}
