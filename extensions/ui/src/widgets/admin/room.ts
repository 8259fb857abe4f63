import { type Ask } from '../ask';
import { button, type Column, empty, field, h, table } from '../parts';
import { type TextKey, type Texts } from '../texts';

export interface Me {
  display_name: string;
  email: string;
  tenant_name: string;
  tenant_slug: string;
  actor_id: string;
  user_id: string | null;
  privileges: string[];
}

/** What a tab works with. */
export interface Ctx {
  ask: Ask;
  texts: Texts;
  me: Me;
  /** Where dialogs open. */
  host: HTMLElement;
  /** The server's address, for links that are told to others. */
  place: string;
  may: (privilege: string) => boolean;
  say: (text: string) => void;
  /** Draw this tab anew, after something changed. */
  reload: () => void;
}

/** One tab: shown to who holds one of its privileges. */
export interface Room {
  id: string;
  label: TextKey;
  needs: readonly string[];
  draw: (ctx: Ctx) => Promise<Node[]>;
}

export interface Role {
  code: string;
  labels: Record<string, string>;
  description?: Record<string, string>;
  implies: string[];
  privileges: string[];
  built_in: boolean;
  version: number;
}

/** Whether a set of codes with wildcards grants one code; the server judges again. */
export function grants(held: readonly string[], privilege: string): boolean {
  return held.includes(privilege) || held.includes(`${privilege.split(':')[0]}:*`) || held.includes('*');
}

const STEP = 100;

/** A table with a field that narrows it, shown a hundred rows at a time. */
export function listing<T>(
  ctx: Ctx,
  caption: string,
  columns: readonly Column<T>[],
  rows: readonly T[],
  textOf: (row: T) => string,
  none: [string, string],
  bar: Node[] = []
): Node[] {
  const { texts } = ctx;
  const search = h('input', { type: 'search', autocomplete: 'off' });
  const place = h('div', {});
  let shown = STEP;
  const draw = (): void => {
    const wanted = search.value.trim().toLocaleLowerCase();
    const found = rows.filter(row => textOf(row).toLocaleLowerCase().includes(wanted));
    const more = button(texts.t('more'), () => {
      shown += STEP;
      draw();
    });
    const count = texts.t('shown', { shown: Math.min(shown, found.length), total: rows.length });
    const nothing = rows.length ? empty(texts.t('nothingFound')) : empty(...none);
    place.replaceChildren(
      found.length ? table(caption, columns, found.slice(0, shown)) : nothing,
      h(
        'div',
        { class: 'row foot' },
        rows.length ? h('span', { class: 'hint' }, count) : null,
        found.length > shown ? more : null
      )
    );
    ctx.say(rows.length ? count : none[0]);
  };
  search.addEventListener('input', () => {
    shown = STEP;
    draw();
  });
  draw();
  const find = rows.length > 5 ? field(texts.t('find'), search) : null;
  const tools = [...(find ? [find] : []), h('span', { class: 'grow' }), ...bar];
  return [...(find || bar.length ? [h('div', { class: 'bar' }, ...tools)] : []), place];
}

/** A list that comes in pages. */
export async function paged<T>(
  ctx: Ctx,
  caption: string,
  columns: readonly Column<T>[],
  ask: (cursor: string | null) => Promise<{ items: T[]; next_cursor: string | null }>,
  none: [string, string]
): Promise<Node> {
  const { texts } = ctx;
  const place = h('div', {});
  const first = await ask(null);
  let [items, cursor] = [first.items, first.next_cursor];
  const draw = (): void => {
    const more = button(texts.t('more'), () => {
      more.disabled = true;
      ask(cursor).then(
        page => {
          [items, cursor] = [[...items, ...page.items], page.next_cursor];
          draw();
          ctx.say(texts.t('olderLoaded', { count: page.items.length }));
          place.querySelector('button:last-of-type')?.scrollIntoView({ block: 'nearest' });
        },
        () => (more.disabled = false)
      );
    });
    place.replaceChildren(
      items.length ? table(caption, columns, items) : empty(...none),
      h('div', { class: 'row foot' }, cursor ? more : null)
    );
  };
  draw();
  return place;
}

/** The buttons of a row, named for whom they act upon. */
export function acts(who: string, buttons: (HTMLButtonElement | null)[]): Node {
  const found = buttons.filter(item => item !== null);
  for (const item of found) {
    item.setAttribute('aria-label', `${item.textContent}: ${who}`);
  }
  return h('span', {}, ...found);
}

/** Codes as small tags. */
export function tags(codes: readonly string[]): Node {
  return h('span', {}, ...codes.map(code => h('span', { class: 'tag' }, code)));
}
