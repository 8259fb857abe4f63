import { label, readable, t } from './i18n';
import { type Cell, type Column, type Labels } from './types';

interface Labelled {
  id: string;
  labels: Labels;
}

/** The part of a project's process that reports name by id. */
export interface Process {
  types: Labelled[];
  workflows: { states: Labelled[] }[];
}

const COLUMNS: Record<string, 'type' | 'state'> = {
  type: 'type',
  state: 'state',
  from_state: 'state',
  to_state: 'state'
};

const known = { type: new Map<string, Labels>(), state: new Map<string, Labels>() };

/** Take the names of a project's process; null forgets the former ones. */
export function learnNames(process: Process | null): void {
  known.type = new Map(process?.types.map(item => [item.id, item.labels]));
  const states = process?.workflows.flatMap(workflow => workflow.states) ?? [];
  // where two workflows have a state of the same id, the first one names it
  known.state = new Map([...states].reverse().map(item => [item.id, item.labels]));
}

/** The name that people know for an id in a column of types, states or categories; any other value as it is. */
export function nameOf(column: Column | null | undefined, value: Cell | undefined): string | null {
  if (typeof value !== 'string' || !value || !column) {
    return null;
  }
  if (column.name === 'category' && (value === 'todo' || value === 'in_progress' || value === 'done')) {
    return t(value);
  }
  const kind = COLUMNS[column.name];
  return kind ? label(known[kind].get(value), readable(value)) : null;
}
