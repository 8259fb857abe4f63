/** One property that changed between two versions. */
export interface Change {
  property: string;
  left: unknown;
  right: unknown;
}

/** One version of an entity. */
export interface Entry {
  version: number;
  change_type: string;
  actor_id: string | null;
  actor: string | null;
  command: string | null;
  correlation_id: string | null;
  occurred_at: string;
  recorded_at: string;
  changes: Change[];
  /** What changed but is withheld from this reader. */
  masked?: string[];
  /** The values of this version were removed for good. */
  erased?: boolean;
}

export interface Filter {
  actor: string;
  change: string;
  text: string;
  since: number;
  until: number;
}

export const NO_FILTER: Filter = { actor: '', change: '', text: '', since: -Infinity, until: Infinity };

/** The moments between two days, both included, in the reader's time zone. */
export function bounds(from: string, to: string): { since: number; until: number } {
  const end = to ? new Date(`${to}T00:00:00`) : null;
  end?.setDate(end.getDate() + 1);
  return {
    since: from ? new Date(`${from}T00:00:00`).getTime() : -Infinity,
    until: end ? end.getTime() : Infinity
  };
}

const folded = (text: string): string => text.toLocaleLowerCase().normalize('NFKD');

/** Whether a version passes the filters; the text is looked for in properties, values, command and correlation id. */
export function matches(entry: Entry, filter: Filter): boolean {
  const at = Date.parse(entry.occurred_at);
  if (
    (filter.actor && (entry.actor_id ?? '-') !== filter.actor) ||
    (filter.change && entry.change_type !== filter.change)
  ) {
    return false;
  }
  if (at < filter.since || at >= filter.until) {
    return false;
  }
  const wanted = folded(filter.text.trim());
  if (!wanted) {
    return true;
  }
  const texts = [
    entry.command ?? '',
    entry.correlation_id ?? '',
    `${entry.version}`,
    ...(entry.masked ?? [])
  ];
  for (const change of entry.changes) {
    texts.push(change.property, JSON.stringify(change.left) ?? '', JSON.stringify(change.right) ?? '');
  }
  return texts.some(text => folded(text).includes(wanted));
}

/** How many properties a version changed. */
export function sizeOf(entry: Entry): number {
  return entry.changes.length + (entry.masked?.length ?? 0);
}

/** A payload with its custom fields beside the other properties. */
export function flat(payload: Record<string, unknown>): Record<string, unknown> {
  const { fields, ...rest } = payload;
  const own = typeof fields === 'object' && fields !== null ? Object.entries(fields) : [];
  return { ...rest, ...Object.fromEntries(own.map(([name, given]) => [`fields.${name}`, given])) };
}
