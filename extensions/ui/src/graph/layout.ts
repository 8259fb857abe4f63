import { Graph, layout as dagre } from '@dagrejs/dagre';

import type { TransitionData, WorkflowData } from './types';

export type Direction = 'TB' | 'LR';

export interface Point {
  x: number;
  y: number;
}

/** A rectangle by its centre. */
export interface Box extends Point {
  width: number;
  height: number;
}

export interface PlacedEdge {
  key: string;
  transition: TransitionData;
  /** From the border of the source to the border of the target. */
  points: Point[];
  label: Box;
  /** The label's text as it is broken into lines. */
  lines: string[];
}

export interface Placed {
  direction: Direction;
  states: Map<string, Box>;
  edges: PlacedEdge[];
  width: number;
  height: number;
}

export interface Measures {
  /** Width in pixels of a state with its texts. */
  stateWidth: (id: string) => number;
  /** What is written at a transition. */
  label: (transition: TransitionData) => string;
  /** Width in pixels of a piece of a label. */
  textWidth: (text: string) => number;
  /** Width in pixels that a label needs beside its text. */
  labelPadding: (transition: TransitionData) => number;
}

export interface LayoutOptions extends Measures {
  direction: Direction;
  /** Labels wider than this are broken into lines. */
  labelLimit?: number;
  /** Pixels between the ranks. */
  gap?: number;
}

const STATE_HEIGHT = 54;
const LINE_HEIGHT = 17;
const MARGIN = 12;
const WIDE = 200;
const NARROW = 84;
const GAP = { TB: 26, LR: 34 };
const LARGEST_GAP = 90;

/** Break a text between words so that no line is wider than the limit where that is possible. */
export function breakLines(text: string, limit: number, textWidth: (text: string) => number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/).filter(Boolean)) {
    const last = lines[lines.length - 1];
    if (last !== undefined && textWidth(`${last} ${word}`) <= limit) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else {
      lines.push(word);
    }
  }
  return lines;
}

/** One key for each arrow; a transition from several states has several arrows. */
export function edgeKey(transition: TransitionData, index: number): string {
  return `${transition.id}:${transition.source}:${transition.target}:${index}`;
}

/**
 * Transitions that lead backwards, as keys: those that close a cycle in a walk from the initial state in the order of
 * declaration. Laying them out reversed keeps the flow pointing one way.
 */
export function backEdges(workflow: WorkflowData): Set<string> {
  const leaving = new Map<string, { key: string; target: string }[]>();
  workflow.transitions.forEach((t, index) => {
    leaving.set(t.source, [...(leaving.get(t.source) ?? []), { key: edgeKey(t, index), target: t.target }]);
  });
  const order = new Map(workflow.states.map((state, index) => [state.id, index]));
  const back = new Set<string>();
  const done = new Set<string>();
  const open = new Set<string>();
  const walk = (id: string): void => {
    open.add(id);
    const next = [...(leaving.get(id) ?? [])].sort(
      (a, b) => (order.get(a.target) ?? 0) - (order.get(b.target) ?? 0)
    );
    for (const edge of next) {
      const earlier = (order.get(edge.target) ?? 0) < (order.get(id) ?? 0);
      if (open.has(edge.target) || (done.has(edge.target) && earlier && detached)) {
        back.add(edge.key);
      } else if (!done.has(edge.target)) {
        walk(edge.target);
      }
    }
    open.delete(id);
    done.add(id);
  };
  // States that cannot be reached while the text is being edited must not push the initial state down.
  let detached = false;
  const starts = [...workflow.states].sort((a, b) => Number(b.initial) - Number(a.initial));
  for (const state of starts) {
    if (!done.has(state.id)) {
      walk(state.id);
    }
    detached = true;
  }
  return back;
}

/** Place states and arrows. Arrows from or to a state that does not exist are left out: the text is being edited. */
export function layoutWorkflow(workflow: WorkflowData, options: LayoutOptions): Placed {
  const graph = new Graph({ multigraph: true });
  const vertical = options.direction === 'TB';
  graph.setGraph({
    rankdir: options.direction,
    nodesep: vertical ? 30 : 28,
    edgesep: 14,
    ranksep: options.gap ?? GAP[options.direction],
    marginx: MARGIN,
    marginy: MARGIN
  });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const state of workflow.states) {
    const width = Math.max(96, Math.min(220, options.stateWidth(state.id)));
    graph.setNode(state.id, { width, height: STATE_HEIGHT });
  }
  const back = backEdges(workflow);
  const linesOf = (t: TransitionData): string[] =>
    breakLines(options.label(t), options.labelLimit ?? WIDE, options.textWidth);
  const drawn = workflow.transitions
    .map((transition, index) => ({ transition, key: edgeKey(transition, index), lines: linesOf(transition) }))
    .filter(({ transition: t }) => graph.hasNode(t.source) && graph.hasNode(t.target));
  for (const { transition, key, lines } of drawn) {
    const [tail, head] = back.has(key)
      ? [transition.target, transition.source]
      : [transition.source, transition.target];
    const text = Math.max(0, ...lines.map(options.textWidth));
    const label = {
      width: Math.min(WIDE, text + options.labelPadding(transition)),
      height: Math.max(1, lines.length) * LINE_HEIGHT + 4,
      labelpos: 'c',
      weight: back.has(key) ? 1 : 3
    };
    graph.setEdge(tail, head, label, key);
  }
  dagre(graph);
  const states = new Map<string, Box>();
  for (const state of workflow.states) {
    const { x, y, width, height } = graph.node(state.id) as Box;
    states.set(state.id, { x, y, width, height });
  }
  const edges = drawn.map(({ transition, key, lines }): PlacedEdge => {
    const reversed = back.has(key);
    const [tail, head] = reversed
      ? [transition.target, transition.source]
      : [transition.source, transition.target];
    const found = graph.edge(tail, head, key) as Box & { points: Point[] };
    const points = found.points.map(({ x, y }) => ({ x, y }));
    const label = { x: found.x, y: found.y, width: found.width, height: found.height };
    if (tail === head) {
      placeLoopLabel(label, states.get(tail) as Box, vertical);
    }
    return { key, transition, points: reversed ? points.reverse() : points, label, lines };
  });
  spreadPorts(edges, states, vertical);
  const size = graph.graph() as { width?: number; height?: number };
  return { direction: options.direction, states, edges, width: size.width ?? 0, height: size.height ?? 0 };
}

/** Let arrows that share a side of a state touch it at different places, in the order in which they arrive. */
function spreadPorts(
  edges: readonly PlacedEdge[],
  states: ReadonlyMap<string, Box>,
  vertical: boolean
): void {
  const along: 'x' | 'y' = vertical ? 'x' : 'y';
  const across: 'x' | 'y' = vertical ? 'y' : 'x';
  const sides = new Map<string, { box: Box; far: boolean; ends: { end: Point; next: Point }[] }>();
  const add = (id: string, end: Point, next: Point): void => {
    const box = states.get(id) as Box;
    const far = next[across] > box[across];
    const key = `${id} ${far}`;
    const side = sides.get(key) ?? { box, far, ends: [] };
    side.ends.push({ end, next });
    sides.set(key, side);
  };
  for (const { transition, points } of edges) {
    if (transition.source !== transition.target) {
      add(transition.source, points[0], points[1]);
      add(transition.target, points[points.length - 1], points[points.length - 2]);
    }
  }
  for (const { box, far, ends } of sides.values()) {
    ends.sort((a, b) => a.next[along] - b.next[along]);
    const half = (vertical ? box.width : box.height) / 2;
    const room = half * 1.3;
    ends.forEach(({ end }, index) => {
      const share = ends.length === 1 ? 0.5 : index / (ends.length - 1);
      const reach = Math.min(room, (ends.length - 1) * 28);
      end[along] = box[along] + (share - 0.5) * reach;
      end[across] = box[across] + ((far ? 1 : -1) * (vertical ? box.height : box.width)) / 2;
    });
  }
}

/** The layout in which a workflow is shown largest in the given space, stretched along the flow where there is room. */
export function chooseLayout(
  workflow: WorkflowData,
  measures: Measures,
  space: { width: number; height: number }
): Placed {
  const scale = (placed: Placed): number =>
    Math.min(1, space.width / Math.max(1, placed.width), space.height / Math.max(1, placed.height));
  let options: LayoutOptions = { ...measures, direction: 'TB' };
  let best = layoutWorkflow(workflow, options);
  if (space.width <= 0 || space.height <= 0) {
    return best;
  }
  const others: Pick<LayoutOptions, 'direction' | 'labelLimit'>[] = [
    { direction: 'TB', labelLimit: NARROW },
    { direction: 'LR' },
    { direction: 'LR', labelLimit: NARROW }
  ];
  for (const other of others) {
    if (scale(best) >= 0.98) {
      break;
    }
    const tried = layoutWorkflow(workflow, { ...measures, ...other });
    if (scale(tried) > scale(best) * 1.03) {
      best = tried;
      options = { ...measures, ...other };
    }
  }
  const gap = roomyGap(best, scale(best), space);
  return gap > GAP[best.direction] ? layoutWorkflow(workflow, { ...options, gap }) : best;
}

/** The gap between ranks that uses the room along the flow which the width across it leaves free. */
function roomyGap(placed: Placed, zoom: number, space: { width: number; height: number }): number {
  const vertical = placed.direction === 'TB';
  const along = vertical ? 'y' : 'x';
  const ranks = new Set([...placed.states.values()].map(box => Math.round(box[along]))).size;
  const room = vertical ? space.height / zoom - placed.height : space.width / zoom - placed.width;
  // Each rank of states is followed by one of labels, so that a gap counts twice.
  const more = room / Math.max(1, (ranks - 1) * 2);
  return Math.min(LARGEST_GAP, Math.floor(GAP[placed.direction] + Math.max(0, more * 0.9)));
}

/** An SVG path through the points that leaves and enters them along the direction of the flow. */
export function smoothPath(points: readonly Point[], direction: Direction): string {
  if (points.length === 0) {
    return '';
  }
  const n = (value: number): string => String(Math.round(value * 10) / 10);
  let path = `M${n(points[0].x)},${n(points[0].y)}`;
  for (let i = 1; i < points.length; i++) {
    const a = points[i - 1];
    const b = points[i];
    const [c, d] =
      direction === 'TB'
        ? [
            { x: a.x, y: (a.y + b.y) / 2 },
            { x: b.x, y: (a.y + b.y) / 2 }
          ]
        : [
            { x: (a.x + b.x) / 2, y: a.y },
            { x: (a.x + b.x) / 2, y: b.y }
          ];
    path += `C${n(c.x)},${n(c.y)} ${n(d.x)},${n(d.y)} ${n(b.x)},${n(b.y)}`;
  }
  return path;
}

const LOOP = 24;

/** A loop's label stands right behind the loop. */
function placeLoopLabel(label: Box, box: Box, vertical: boolean): void {
  if (vertical) {
    label.x = box.x + box.width / 2 + LOOP + label.width / 2;
    label.y = box.y;
  } else {
    label.x = box.x;
    label.y = box.y + box.height / 2 + LOOP + label.height / 2;
  }
}

/** A loop beside or below a state, for a transition that ends where it began. */
export function loopPath(box: Box, direction: Direction): string {
  const reach = LOOP * 1.3;
  if (direction === 'TB') {
    const x = box.x + box.width / 2;
    return `M${x},${box.y - 10}C${x + reach},${box.y - 24} ${x + reach},${box.y + 24} ${x},${box.y + 10}`;
  }
  const y = box.y + box.height / 2;
  return `M${box.x - 10},${y}C${box.x - 24},${y + reach} ${box.x + 24},${y + reach} ${box.x + 10},${y}`;
}

/** The state or transition whose text holds an offset: the narrowest one, so that an inner place wins. */
export function elementAt(workflow: WorkflowData, offset: number): string | null {
  let best: { key: string; size: number } | null = null;
  const offer = (key: string, from?: number, to?: number): void => {
    if (from != null && to != null && from <= offset && offset <= to && (!best || to - from < best.size)) {
      best = { key, size: to - from };
    }
  };
  workflow.states.forEach(state => offer(state.id, state.from, state.to));
  workflow.transitions.forEach((t, index) => offer(edgeKey(t, index), t.from, t.to));
  return (best as { key: string } | null)?.key ?? null;
}
