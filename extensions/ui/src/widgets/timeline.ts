import { show as showInDialog } from './dialog';
import { Face } from './face';
import { filterForm } from './filters';
import { type Change, type Entry, type Filter, flat, matches, NO_FILTER, sizeOf } from './history';
import { button, empty, freshId, h, loading, printable, problemCard, table, time, value } from './parts';

interface History {
  items: Entry[];
  next_cursor: string | null;
}

interface Snapshot {
  version: number;
  payload: Record<string, unknown> | null;
  masked?: string[];
}

const PAGE = 50;

/** The versions of an item: who, when, what changed; filters, whole versions, and the difference of any two. */
export class AlmAuditTimeline extends Face {
  private entries: Entry[] = [];
  private cursor: string | null = null;
  private filter: Filter = { ...NO_FILTER };
  private ticked: number[] = [];
  private readonly list = h('ol', { class: 'versions' });
  private readonly count = h('p', { class: 'hint' });
  private readonly place = h('div', {});
  private readonly foot = h('div', { class: 'foot' });
  private readonly controls = h('div', {});

  protected override start(): void {
    const name = this.getAttribute('caption') ?? '';
    const { texts } = this;
    const title = h(
      'h2',
      { id: freshId('alm-history') },
      name ? texts.t('historyOf', { name: printable(name) }) : texts.t('history')
    );
    const again = button(texts.t('refresh'), () => void this.load());
    this.body.append(
      h(
        'section',
        { 'aria-labelledby': title.id },
        h('div', { class: 'head' }, title, again),
        this.controls,
        this.count,
        this.place,
        this.list,
        this.foot
      )
    );
    this.list.addEventListener('keydown', event => this.move(event));
    void this.load();
  }

  private get entity(): { entity_type: string; entity_id: string } {
    return {
      entity_type: this.getAttribute('entity-type') ?? 'Artifact',
      entity_id: this.getAttribute('entity-id') ?? ''
    };
  }

  private page(cursor: string | null): Promise<History> {
    return this.ask<History>('EntityHistory', { ...this.entity, limit: PAGE, cursor });
  }

  private async load(): Promise<void> {
    this.list.replaceChildren();
    this.foot.replaceChildren();
    this.count.textContent = '';
    this.place.replaceChildren(loading(this.texts));
    try {
      const page = await this.page(null);
      [this.entries, this.cursor, this.ticked] = [page.items, page.next_cursor, []];
      this.place.replaceChildren();
      this.drawFilters();
      this.draw();
    } catch (error) {
      this.controls.replaceChildren();
      this.place.replaceChildren(problemCard(error, this.texts, () => void this.load()));
    }
  }

  private async older(from: HTMLButtonElement): Promise<void> {
    from.disabled = true;
    try {
      const page = await this.page(this.cursor);
      const first = this.entries.length;
      this.entries = [...this.entries, ...page.items];
      this.cursor = page.next_cursor;
      this.drawFilters();
      this.draw();
      this.say(this.texts.t('olderLoaded', { count: page.items.length }));
      const next = page.items[0]?.version;
      this.list.querySelector<HTMLElement>(`li[data-version="${next}"] .entry > button`)?.focus();
      if (first === this.entries.length) {
        this.foot.querySelector('button')?.focus();
      }
    } catch (error) {
      from.disabled = false;
      this.foot.append(problemCard(error, this.texts));
    }
  }

  private drawFilters(): void {
    if (this.controls.childElementCount) {
      const people = this.controls.querySelector('select');
      people?.replaceChildren(...this.people().map(([id, text]) => h('option', { value: id }, text)));
      if (people) {
        people.value = this.filter.actor;
      }
      return;
    }
    const { texts } = this;
    if (this.entries.length < 2) {
      return;
    }
    const form = filterForm(texts, this.people(), filter => {
      this.filter = filter;
      this.draw();
    });
    this.controls.replaceChildren(form);
  }

  private people(): [string, string][] {
    const known = new Map<string, string>();
    for (const entry of this.entries) {
      known.set(entry.actor_id ?? '-', this.actorOf(entry));
    }
    const named = [...known].sort((a, b) => a[1].localeCompare(b[1], this.texts.language));
    return [['', this.texts.t('anybody')], ...named];
  }

  private actorOf(entry: Entry): string {
    return printable(entry.actor || this.texts.t('unknownActor'));
  }

  private draw(): void {
    const { texts } = this;
    const found = this.entries.filter(entry => matches(entry, this.filter));
    const open = new Set(
      [...this.list.querySelectorAll<HTMLElement>('li:has([aria-expanded="true"])')].map(
        li => li.dataset.version
      )
    );
    this.list.replaceChildren(
      ...found.map((entry, index) => this.item(entry, index === 0, open.has(String(entry.version))))
    );
    this.count.textContent = this.counted(found.length);
    this.place.replaceChildren();
    if (!this.entries.length) {
      this.place.append(empty(texts.t('noHistory'), texts.t('noHistoryHint')));
    } else if (!found.length) {
      this.place.append(empty(texts.t('noMatch'), this.cursor ? texts.t('noMatchMore') : ''));
    }
    this.say(this.count.textContent);
    this.drawFoot();
  }

  private counted(shown: number): string {
    const count = this.entries.length;
    if (!count) {
      return '';
    }
    if (this.cursor) {
      return shown === count
        ? this.texts.t('versionsMore', { count })
        : this.texts.t('versionsOfMore', { shown, count });
    }
    if (shown !== count) {
      return this.texts.t('versionsOf', { shown, count });
    }
    return count === 1 ? this.texts.t('version1') : this.texts.t('versions', { count });
  }

  private drawFoot(): void {
    const { texts } = this;
    this.foot.replaceChildren();
    if (this.cursor) {
      const more = button(texts.t('older'), () => void this.older(more));
      this.foot.append(more);
    }
    if (this.entries.length > 1) {
      const [from, to] = [...this.ticked].sort((a, b) => a - b);
      this.foot.append(
        from !== undefined && to !== undefined
          ? button(texts.t('compareThese', { from, to }), () => void this.compare(from, to), 'main')
          : h('span', { class: 'hint' }, texts.t('compareHint'))
      );
    }
  }

  private item(entry: Entry, first: boolean, open: boolean): HTMLElement {
    const { texts } = this;
    const size = sizeOf(entry);
    const what = size
      ? size === 1
        ? texts.t('property1')
        : texts.t('properties', { count: size })
      : texts.t('noProperties');
    const names = [...entry.changes.map(change => change.property), ...(entry.masked ?? [])].slice(0, 4);
    const detail = h('div', { class: 'detail', id: freshId('alm-version'), hidden: true });
    const toggle = h(
      'button',
      { type: 'button', 'aria-expanded': 'false', 'aria-controls': detail.id },
      h('b', {}, texts.t('version', { number: entry.version })),
      ` · ${texts.word('change', entry.change_type)} · ${this.actorOf(entry)} · `,
      time(entry.occurred_at, texts),
      h(
        'span',
        { class: 'what' },
        entry.change_type === 'INITIAL'
          ? what
          : `${what}${names.length ? `: ${names.join(', ')}` : ''}${size > 4 ? ', …' : ''}`
      )
    );
    const tick = h('input', {
      type: 'checkbox',
      'aria-label': texts.t('compare', { number: entry.version })
    });
    tick.checked = this.ticked.includes(entry.version);
    tick.addEventListener('change', () => this.tick(entry.version, tick.checked));
    for (const stop of [tick, toggle]) {
      stop.tabIndex = first ? 0 : -1;
    }
    const expand = (wanted: boolean): void => {
      toggle.setAttribute('aria-expanded', String(wanted));
      detail.hidden = !wanted;
      if (wanted && !detail.childElementCount) {
        detail.append(...this.details(entry));
      }
    };
    toggle.addEventListener('click', () => expand(toggle.getAttribute('aria-expanded') !== 'true'));
    expand(open);
    const row = h('div', { class: 'entry' }, this.entries.length > 1 ? tick : null, toggle);
    return h('li', { class: entry.change_type, 'data-version': String(entry.version) }, row, detail);
  }

  private tick(version: number, on: boolean): void {
    this.ticked = on ? [...this.ticked, version].slice(-2) : this.ticked.filter(other => other !== version);
    for (const box of this.list.querySelectorAll<HTMLInputElement>('.entry > input')) {
      box.checked = this.ticked.includes(Number(box.closest('li')?.dataset.version));
    }
    this.drawFoot();
    if (this.ticked.length === 2) {
      this.say(this.foot.querySelector('.main')?.textContent ?? '');
    }
  }

  private details(entry: Entry): HTMLElement[] {
    const { texts } = this;
    const facts = h('dl', { class: 'facts' });
    const fact = (name: string, content: Node | string | null): void => {
      if (content) {
        facts.append(h('dt', {}, name), h('dd', {}, content));
      }
    };
    fact(texts.t('command'), entry.command && h('code', {}, entry.command));
    fact(texts.t('correlation'), entry.correlation_id && h('code', {}, printable(entry.correlation_id)));
    fact(texts.t('recorded'), time(entry.recorded_at, texts));
    const whole = button(texts.t('wholeVersion'), () => void this.whole(entry.version, whole));
    return [
      entry.changes.length
        ? this.changes(
            texts.t('changesOf', { number: entry.version }),
            entry.changes,
            entry.change_type === 'INITIAL'
          )
        : h('p', { class: 'hint' }, texts.t(entry.erased ? 'erased' : 'noChanges')),
      ...this.withheld(entry.masked),
      facts,
      whole
    ];
  }

  private withheld(names: readonly string[] = []): HTMLElement[] {
    return names.length
      ? [h('p', { class: 'hint' }, this.texts.t('withheld', { names: printable(names.join(', ')) }))]
      : [];
  }

  private changes(caption: string, changes: readonly Change[], created = false): HTMLElement {
    const { texts } = this;
    const before = { label: texts.t('before'), cell: (c: Change) => h('del', {}, value(c.left, texts)) };
    const columns = [
      { label: texts.t('property'), cell: (c: Change) => printable(c.property) },
      ...(created ? [] : [before]),
      {
        label: texts.t(created ? 'value' : 'after'),
        cell: (c: Change) => h('ins', {}, value(c.right, texts))
      }
    ];
    return table(caption, columns, changes);
  }

  private async whole(version: number, from: HTMLButtonElement): Promise<void> {
    const { texts } = this;
    const caption = texts.t('stateAt', { number: version });
    from.disabled = true;
    try {
      const found = await this.ask<Snapshot>('GetSnapshot', { ...this.entity, version });
      const columns = [
        { label: texts.t('property'), cell: ([name]: [string, unknown]) => printable(name) },
        { label: texts.t('value'), cell: ([, given]: [string, unknown]) => value(given, texts) }
      ];
      const shown = found.payload
        ? table(caption, columns, Object.entries(flat(found.payload)))
        : h('p', { class: 'hint' }, texts.t('erased'));
      from.replaceWith(h('h3', {}, caption), shown, ...this.withheld(found.masked));
    } catch (error) {
      from.disabled = false;
      from.parentElement?.querySelector('.problem')?.remove();
      from.after(problemCard(error, texts));
    }
  }

  private async compare(from: number, to: number): Promise<void> {
    const { texts } = this;
    try {
      const found = await this.ask<{ changes: Change[]; masked?: string[] }>('DiffSnapshots', {
        ...this.entity,
        from,
        to
      });
      const title = texts.t('difference', { from, to });
      await showInDialog(this.body, texts, title, [
        found.changes.length ? this.changes(title, found.changes) : h('p', {}, texts.t('same')),
        ...this.withheld(found.masked)
      ]);
    } catch (error) {
      this.foot.append(problemCard(error, texts));
    }
  }

  /** Arrows, Home and End walk through the versions; Tab leaves the list. */
  private move(event: KeyboardEvent): void {
    const stops = [...this.list.querySelectorAll<HTMLButtonElement>('.entry > button')];
    const here = stops.findIndex(
      stop => stop === (event.target as HTMLElement).closest('.entry')?.querySelector('button')
    );
    const goal = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: stops.length - 1 }[event.key];
    const next = goal === undefined || here < 0 ? undefined : stops[goal];
    if (!next) {
      return;
    }
    event.preventDefault();
    for (const stop of this.list.querySelectorAll<HTMLElement>('.entry > *')) {
      stop.tabIndex = stop.parentElement === next.parentElement ? 0 : -1;
    }
    next.focus();
  }
}
