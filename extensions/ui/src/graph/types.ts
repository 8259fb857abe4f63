/** The answer of `POST /manifests/graph`; `from` and `to` are UTF-16 offsets into the manifest's text. */
export type Labels = Readonly<Record<string, string>>;

export type Category = 'todo' | 'in_progress' | 'done';

export interface Place {
  from: number;
  to: number;
}

export interface StateData extends Partial<Place> {
  id: string;
  label: string;
  labels?: Labels;
  category: Category;
  initial: boolean;
  final: boolean;
  wip_limit?: number | null;
}

export interface TransitionData extends Partial<Place> {
  id: string;
  label: string;
  labels?: Labels;
  source: string;
  target: string;
  guard?: string | null;
  roles?: readonly string[];
  requires?: readonly string[];
}

export interface WorkflowData extends Partial<Place> {
  id: string;
  label: string;
  labels?: Labels;
  states: readonly StateData[];
  transitions: readonly TransitionData[];
}

export interface TypeData extends Partial<Place> {
  id: string;
  label: string;
  workflow: string | null;
}

export interface GraphData {
  workflows: readonly WorkflowData[];
  types: readonly TypeData[];
}

/** Translations as JupyterLab's `TranslationBundle` gives them; `%1` stands for the first argument. */
export interface Translate {
  __(message: string, ...values: unknown[]): string;
}

/** English as written, for places without a translator. */
export const ENGLISH: Translate = {
  __: (message, ...values) => message.replace(/%(\d)/g, (_, n: string) => String(values[Number(n) - 1] ?? ''))
};

/** The label in a language such as `tr` or `tr_TR`, else the default one, else the id. */
export function labelIn(item: { id: string; label: string; labels?: Labels }, language: string): string {
  return item.labels?.[language] ?? item.labels?.[language.slice(0, 2)] ?? (item.label || item.id);
}
