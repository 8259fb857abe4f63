import { type Category, labelIn, type StateData, type Translate, type TransitionData } from './types';

/** A shape and a word for each category, so that colour is never the only sign. */
export function categoryMark(category: Category, trans: Translate): { sign: string; word: string } {
  switch (category) {
    case 'done':
      return { sign: '●', word: trans.__('Done') };
    case 'in_progress':
      return { sign: '◐', word: trans.__('In progress') };
    default:
      return { sign: '○', word: trans.__('To do') };
  }
}

/** The second line of a state: category, first or last, limit. */
export function stateNotes(state: StateData, trans: Translate): string {
  const { sign, word } = categoryMark(state.category, trans);
  const notes = [`${sign} ${word}`];
  if (state.initial) {
    notes.push(trans.__('start'));
  }
  if (state.final) {
    notes.push(trans.__('end'));
  }
  if (state.wip_limit != null) {
    notes.push(trans.__('max %1', state.wip_limit));
  }
  return notes.join(' · ');
}

/** Guard, roles and required fields of a transition, one line each. */
export function transitionConditions(transition: TransitionData, trans: Translate): string[] {
  const lines: string[] = [];
  if (transition.guard) {
    lines.push(trans.__('Guard: %1', transition.guard));
  }
  if (transition.roles?.length) {
    lines.push(trans.__('Roles: %1', transition.roles.join(', ')));
  }
  if (transition.requires?.length) {
    lines.push(trans.__('Required: %1', transition.requires.join(', ')));
  }
  return lines;
}

/** What a screen reader says about an arrow. */
export function transitionSpoken(
  transition: TransitionData,
  stateLabel: (id: string) => string,
  language: string,
  trans: Translate
): string {
  const name = labelIn(transition, language);
  const from = stateLabel(transition.source);
  const to = stateLabel(transition.target);
  const sentence = trans.__('Transition %1 from %2 to %3', name, from, to);
  return [sentence, ...transitionConditions(transition, trans)].join('. ');
}
