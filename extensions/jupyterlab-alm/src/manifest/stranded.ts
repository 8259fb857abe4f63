import type { IProblem } from '../api/types';

/** Items of one state that a new process has no place for, over all types that share the state. */
export interface IStrandedState {
  state: string;
  items: number;
  types: string[];
  /** States that every one of the types has in the new process; empty when a type itself is gone. */
  targets: string[];
}

interface IStrandedEntry {
  type_id: string;
  state: string;
  items: number;
  known_states: string[];
}

/** Read the `states` of a stranded-items problem; one entry for each old state, as the state map is keyed by state. */
export function strandedStates(problem: IProblem): IStrandedState[] {
  const entries = Array.isArray(problem.extra.states) ? (problem.extra.states as IStrandedEntry[]) : [];
  const byState = new Map<string, IStrandedState>();
  for (const entry of entries) {
    const known = entry.known_states ?? [];
    const seen = byState.get(entry.state);
    if (seen) {
      seen.items += entry.items;
      seen.types.push(entry.type_id);
      seen.targets = seen.targets.filter(target => known.includes(target));
    } else {
      byState.set(entry.state, {
        state: entry.state,
        items: entry.items,
        types: [entry.type_id],
        targets: [...known]
      });
    }
  }
  return [...byState.values()];
}

/** The state that a person would most likely choose: the most similar name, else the first. */
export function likelyTarget(state: string, targets: readonly string[]): string {
  const pairs = (word: string): Set<string> => {
    const found = new Set<string>();
    for (let i = 0; i + 1 < word.length; i++) {
      found.add(word.slice(i, i + 2).toLowerCase());
    }
    return found;
  };
  const mine = pairs(state);
  let best = '';
  let score = -1;
  for (const target of targets) {
    const theirs = pairs(target);
    const common = [...mine].filter(pair => theirs.has(pair)).length;
    const similarity = common / Math.max(1, mine.size + theirs.size);
    if (similarity > score) {
      best = target;
      score = similarity;
    }
  }
  return best;
}
