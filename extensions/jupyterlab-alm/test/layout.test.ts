import { describe, expect, it } from 'vitest';

import {
  backEdges,
  type Box,
  breakLines,
  chooseLayout,
  edgeKey,
  elementAt,
  layoutWorkflow,
  type Measures,
  smoothPath
} from '../../ui/src/graph/layout';
import { ENGLISH, labelIn, type WorkflowData } from '../../ui/src/graph/types';
import { stateNotes, transitionConditions } from '../../ui/src/graph/words';

const STATES = [
  'draft',
  'analysis',
  'review',
  'rework',
  'approved',
  'implementing',
  'verifying',
  'verified',
  'obsolete',
  'rejected'
];
const STEPS = [
  ['analyse', 'draft', 'analysis'],
  ['submit', 'analysis', 'review'],
  ['request rework', 'review', 'rework'],
  ['resubmit', 'rework', 'review'],
  ['approve', 'review', 'approved'],
  ['start', 'approved', 'implementing'],
  ['hand over', 'implementing', 'verifying'],
  ['return', 'verifying', 'implementing'],
  ['verify', 'verifying', 'verified'],
  ['reject', 'draft', 'rejected'],
  ['reject', 'review', 'rejected'],
  ['retire', 'approved', 'obsolete'],
  ['retire', 'verified', 'obsolete'],
  ['reopen', 'verified', 'draft'],
  ['reopen', 'rejected', 'draft'],
  ['comment', 'review', 'review']
];

const WORKFLOW: WorkflowData = {
  id: 'flow',
  label: 'Flow',
  states: STATES.map((id, index) => ({
    id,
    label: id,
    category: 'todo',
    initial: index === 0,
    final: id === 'obsolete',
    from: index * 10,
    to: index * 10 + 9
  })),
  transitions: STEPS.map(([id, source, target], index) => ({
    id,
    label: id,
    source,
    target,
    from: 200 + index * 10,
    to: 209 + index * 10
  }))
};

const MEASURES: Measures = {
  stateWidth: id => id.length * 7 + 30,
  label: t => t.label,
  textWidth: text => text.length * 7,
  labelPadding: () => 14
};

function overlap(a: Box, b: Box): boolean {
  return Math.abs(a.x - b.x) * 2 < a.width + b.width - 1 && Math.abs(a.y - b.y) * 2 < a.height + b.height - 1;
}

describe.each(['TB', 'LR'] as const)('a workflow of ten states laid out %s', direction => {
  const placed = layoutWorkflow(WORKFLOW, { ...MEASURES, direction });
  const states = [...placed.states.values()];
  const labels = placed.edges.map(edge => edge.label);

  it('has every state and every arrow', () => {
    expect([...placed.states.keys()]).toEqual(STATES);
    expect(placed.edges).toHaveLength(STEPS.length);
  });

  it('keeps states apart', () => {
    states.forEach((a, i) => states.slice(i + 1).forEach(b => expect(overlap(a, b)).toBe(false)));
  });

  it('keeps labels apart from each other and from the states', () => {
    labels.forEach((a, i) => {
      labels.slice(i + 1).forEach(b => expect(overlap(a, b)).toBe(false));
      states.forEach(b => expect(overlap(a, b)).toBe(false));
    });
  });

  it('starts with the initial state', () => {
    const along = direction === 'TB' ? 'y' : 'x';
    expect(Math.min(...states.map(box => box[along]))).toBe((placed.states.get('draft') as Box)[along]);
  });

  it('draws an arrow from the border of its source to the border of its target, also backwards', () => {
    for (const { transition, points } of placed.edges.filter(e => e.transition.id !== 'comment')) {
      const touches = (box: Box, p: { x: number; y: number }): boolean =>
        Math.abs(Math.abs(p.x - box.x) * 2 - box.width) < 1 ||
        Math.abs(Math.abs(p.y - box.y) * 2 - box.height) < 1;
      expect(touches(placed.states.get(transition.source) as Box, points[0])).toBe(true);
      expect(touches(placed.states.get(transition.target) as Box, points[points.length - 1])).toBe(true);
    }
  });
});

describe('arrows that lead backwards', () => {
  it('are those that close a cycle', () => {
    const back = backEdges(WORKFLOW);
    const named = WORKFLOW.transitions
      .filter((t, i) => back.has(edgeKey(t, i)))
      .map(t => `${t.id} ${t.source}`);
    expect(named.sort()).toEqual([
      'comment review',
      'reopen rejected',
      'reopen verified',
      'resubmit rework',
      'return verifying'
    ]);
  });

  it('do not push the initial state down when a state becomes unreachable', () => {
    const cut = { ...WORKFLOW, transitions: WORKFLOW.transitions.filter(t => t.id !== 'verify') };
    const placed = layoutWorkflow(cut, { ...MEASURES, direction: 'TB' });
    const top = Math.min(...[...placed.states.values()].map(box => box.y));
    expect((placed.states.get('draft') as Box).y).toBe(top);
  });
});

describe('texts that are being edited', () => {
  it('arrows to states that do not exist are left out', () => {
    const broken = {
      ...WORKFLOW,
      transitions: [...WORKFLOW.transitions, { id: 'x', label: 'x', source: 'draft', target: 'nowhere' }]
    };
    expect(layoutWorkflow(broken, { ...MEASURES, direction: 'TB' }).edges).toHaveLength(STEPS.length);
  });

  it('a workflow without states is laid out as nothing', () => {
    const empty = layoutWorkflow(
      { id: 'e', label: 'e', states: [], transitions: [] },
      { ...MEASURES, direction: 'TB' }
    );
    expect(empty.states.size).toBe(0);
  });
});

describe('the choice of a layout', () => {
  it('follows the shape of the space', () => {
    expect(chooseLayout(WORKFLOW, MEASURES, { width: 500, height: 900 }).direction).toBe('TB');
    expect(chooseLayout(WORKFLOW, MEASURES, { width: 1800, height: 350 }).direction).toBe('LR');
  });

  it('never makes a workflow smaller than the plain layout', () => {
    const plain = layoutWorkflow(WORKFLOW, { ...MEASURES, direction: 'TB' });
    for (const space of [
      { width: 400, height: 800 },
      { width: 550, height: 750 },
      { width: 900, height: 400 }
    ]) {
      const zoom = (p: { width: number; height: number }): number =>
        Math.min(1, space.width / p.width, space.height / p.height);
      expect(zoom(chooseLayout(WORKFLOW, MEASURES, space))).toBeGreaterThanOrEqual(zoom(plain) * 0.99);
    }
  });

  it('uses the room along the flow', () => {
    const plain = layoutWorkflow(WORKFLOW, { ...MEASURES, direction: 'TB' });
    const roomy = chooseLayout(WORKFLOW, MEASURES, { width: plain.width, height: plain.height * 1.4 });
    expect(roomy.height).toBeGreaterThan(plain.height * 1.1);
    expect(roomy.height).toBeLessThanOrEqual(plain.height * 1.4);
  });
});

describe('labels', () => {
  it('are broken between words only', () => {
    const width = (text: string): number => text.length;
    expect(breakLines('Submit for review', 10, width)).toEqual(['Submit for', 'review']);
    expect(breakLines('Incomprehensibilities', 10, width)).toEqual(['Incomprehensibilities']);
    expect(breakLines('', 10, width)).toEqual([]);
  });
});

describe('the element at the text cursor', () => {
  it('is the state or the transition whose text holds it', () => {
    expect(elementAt(WORKFLOW, 25)).toBe('review');
    expect(elementAt(WORKFLOW, 203)).toBe('analyse:draft:analysis:0');
    expect(elementAt(WORKFLOW, 9999)).toBeNull();
  });
});

describe('paths', () => {
  it('pass through every point', () => {
    const points = [
      { x: 0, y: 0 },
      { x: 10, y: 20 },
      { x: 10, y: 40 }
    ];
    expect(smoothPath(points, 'TB')).toBe('M0,0C0,10 10,10 10,20C10,30 10,30 10,40');
    expect(smoothPath([], 'LR')).toBe('');
  });
});

describe('words', () => {
  it('a category is a sign and a word, never only a colour', () => {
    const state = { ...WORKFLOW.states[0], category: 'in_progress' as const, wip_limit: 8 };
    expect(stateNotes(state, ENGLISH)).toBe('◐ In progress · start · max 8');
  });

  it('conditions are guard, roles and required fields', () => {
    const t = { ...WORKFLOW.transitions[0], guard: 'a > 1', roles: ['reviewer'], requires: ['rationale'] };
    expect(transitionConditions(t, ENGLISH)).toEqual([
      'Guard: a > 1',
      'Roles: reviewer',
      'Required: rationale'
    ]);
  });

  it('labels follow the language, then the default, then the id', () => {
    const item = { id: 'draft', label: 'Draft', labels: { tr: 'Taslak' } };
    expect(labelIn(item, 'tr_TR')).toBe('Taslak');
    expect(labelIn(item, 'en')).toBe('Draft');
    expect(labelIn({ id: 'draft', label: '' }, 'en')).toBe('draft');
  });
});
