import {
  BaseEdge,
  Controls,
  type Edge,
  EdgeLabelRenderer,
  type EdgeProps,
  Handle,
  MarkerType,
  type Node,
  type NodeProps,
  Position,
  ReactFlow,
  ReactFlowProvider,
  useReactFlow
} from '@xyflow/react';
import React from 'react';

import { type Box, chooseLayout, type Direction, loopPath, type Placed, smoothPath } from './layout';
import { measureText } from './measure';
import { labelIn, type Place, type Translate, type TransitionData, type WorkflowData } from './types';
import { stateNotes, transitionConditions, transitionSpoken } from './words';

export interface WorkflowGraphProps {
  workflow: WorkflowData;
  language: string;
  translate: Translate;
  /** Called with the place in the text of a state or a transition that was clicked or entered. */
  onGo?: (place: Place) => void;
  /** Key of the state or transition at the text cursor. */
  activeKey?: string | null;
}

type StateNodeType = Node<
  { label: string; notes: string; category: string; initial: boolean; final: boolean; direction: Direction },
  'state'
>;

type TransitionEdgeType = Edge<
  {
    path: string;
    box: Box;
    lines: string[];
    title: string;
    conditional: boolean;
    tone: Tone;
    go: () => void;
  },
  'transition'
>;

type Tone = 'plain' | 'lit' | 'dim';

const BIGGEST = 1.15;
const SMALLEST = 0.45;

function StateNode({ data }: NodeProps<StateNodeType>): JSX.Element {
  const [into, out] =
    data.direction === 'TB' ? [Position.Top, Position.Bottom] : [Position.Left, Position.Right];
  return (
    <div
      className="alm-State"
      data-category={data.category}
      data-initial={data.initial || undefined}
      data-final={data.final || undefined}
      title={data.label}
    >
      <Handle type="target" position={into} isConnectable={false} />
      <span className="alm-State-label">{data.label}</span>
      <span className="alm-State-notes">{data.notes}</span>
      <Handle type="source" position={out} isConnectable={false} />
    </div>
  );
}

function TransitionEdge({ data, markerEnd }: EdgeProps<TransitionEdgeType>): JSX.Element | null {
  if (!data) {
    return null;
  }
  const { x, y, width } = data.box;
  return (
    <>
      <BaseEdge path={data.path} markerEnd={markerEnd} interactionWidth={18} />
      <EdgeLabelRenderer>
        <div
          className="alm-Transition-label nodrag nopan"
          data-tone={data.tone}
          data-conditional={data.conditional || undefined}
          style={{ maxWidth: width, transform: `translate(-50%, -50%) translate(${x}px, ${y}px)` }}
          title={data.title}
          aria-hidden="true"
          onClick={data.go}
        >
          {data.lines.map((line, index) => (
            <div key={index}>{line}</div>
          ))}
        </div>
      </EdgeLabelRenderer>
    </>
  );
}

const NODE_TYPES = { state: StateNode };
const EDGE_TYPES = { transition: TransitionEdge };

function toneOf(t: TransitionData, key: string, focus: string | null): Tone {
  if (focus === null) {
    return 'plain';
  }
  return focus === key || focus === t.source || focus === t.target ? 'lit' : 'dim';
}

function placeOf(item: { from?: number; to?: number }): Place | null {
  return item.from != null && item.to != null ? { from: item.from, to: item.to } : null;
}

interface CanvasProps extends WorkflowGraphProps {
  size: { width: number; height: number };
}

function Canvas({ workflow, language, translate, onGo, activeKey, size }: CanvasProps): JSX.Element {
  const [hovered, setHovered] = React.useState<string | null>(null);
  const { setViewport } = useReactFlow();
  const placed: Placed = React.useMemo(
    () =>
      chooseLayout(
        workflow,
        {
          stateWidth: id => {
            const state = workflow.states.find(s => s.id === id);
            const label = state ? measureText(labelIn(state, language), 'bold 13px') : 0;
            return Math.max(label, state ? measureText(stateNotes(state, translate), '11px') : 0) + 30;
          },
          label: t => labelIn(t, language),
          textWidth: text => measureText(text, '12px'),
          labelPadding: t => (transitionConditions(t, translate).length ? 27 : 14)
        },
        size
      ),
    [workflow, language, translate, size]
  );
  const { width, height } = placed;

  React.useEffect(() => {
    const fitting = Math.min(size.width / width, size.height / height, BIGGEST);
    const zoom = Math.max(fitting, SMALLEST);
    // What does not fit is cut at the end of the flow, never at its start.
    const center = (space: number, content: number): number => Math.max(0, (space - content * zoom) / 2);
    void setViewport({ x: center(size.width, width), y: center(size.height, height), zoom });
  }, [setViewport, size, width, height]);

  const stateLabel = React.useCallback(
    (id: string) => {
      const state = workflow.states.find(s => s.id === id);
      return state ? labelIn(state, language) : id;
    },
    [workflow, language]
  );

  const nodes = React.useMemo(
    () =>
      workflow.states.map((state): StateNodeType => {
        const box = placed.states.get(state.id) as Box;
        const label = labelIn(state, language);
        const notes = stateNotes(state, translate);
        return {
          id: state.id,
          type: 'state',
          position: { x: box.x - box.width / 2, y: box.y - box.height / 2 },
          width: box.width,
          height: box.height,
          selected: activeKey === state.id,
          ariaLabel: translate.__('State %1, %2', label, notes),
          data: {
            label,
            notes,
            category: state.category,
            initial: state.initial,
            final: state.final,
            direction: placed.direction
          }
        };
      }),
    [workflow, placed, language, translate, activeKey]
  );

  const known = (key: string | null | undefined): key is string =>
    key != null && (placed.states.has(key) || placed.edges.some(edge => edge.key === key));
  const focus = hovered ?? (known(activeKey) ? activeKey : null);
  const edges = React.useMemo(() => {
    const all = placed.edges.map(({ key, transition, points, label, lines }): TransitionEdgeType => {
      const tone = toneOf(transition, key, focus);
      const loop = transition.source === transition.target;
      const spoken = transitionSpoken(transition, stateLabel, language, translate);
      const conditions = transitionConditions(transition, translate);
      const color = tone === 'lit' ? 'var(--alm-graph-lit)' : 'var(--alm-graph-line)';
      const place = placeOf(transition);
      return {
        id: key,
        type: 'transition',
        source: transition.source,
        target: transition.target,
        className: `alm-Transition alm-mod-${tone}`,
        selected: activeKey === key,
        ariaLabel: spoken,
        markerEnd: { type: MarkerType.ArrowClosed, width: 16, height: 16, color },
        data: {
          path: loop
            ? loopPath(placed.states.get(transition.source) as Box, placed.direction)
            : smoothPath(points, placed.direction),
          box: label,
          lines,
          title: [spoken.split('. ')[0], ...conditions].join('\n'),
          conditional: conditions.length > 0,
          tone,
          go: () => place && onGo?.(place)
        }
      };
    });
    // Drawn last is drawn on top.
    return all.sort((a, b) => Number(a.data?.tone === 'lit') - Number(b.data?.tone === 'lit'));
  }, [placed, focus, activeKey, language, translate, stateLabel, onGo]);

  const go = (key: string): void => {
    const state = workflow.states.find(s => s.id === key);
    const item = state ?? placed.edges.find(edge => edge.key === key)?.transition;
    const place = item ? placeOf(item) : null;
    if (place) {
      onGo?.(place);
    }
  };

  const onKeyDown = (event: React.KeyboardEvent): void => {
    const element = (event.target as Element).closest('.react-flow__node, .react-flow__edge');
    const key = element?.getAttribute('data-id');
    if (key && event.key === 'Enter') {
      event.preventDefault();
      event.stopPropagation();
      go(key);
    }
  };

  return (
    <div className="alm-Graph-keys" onKeyDownCapture={onKeyDown}>
      <ReactFlow
        nodes={nodes}
        edges={edges}
        nodeTypes={NODE_TYPES}
        edgeTypes={EDGE_TYPES}
        nodesDraggable={false}
        nodesConnectable={false}
        nodesFocusable
        edgesFocusable
        zoomOnDoubleClick={false}
        deleteKeyCode={null}
        selectionKeyCode={null}
        multiSelectionKeyCode={null}
        minZoom={0.15}
        maxZoom={2}
        proOptions={{ hideAttribution: true }}
        ariaLabelConfig={{
          'node.a11yDescription.default': translate.__('Press Enter to go to this place in the text.'),
          'edge.a11yDescription.default': translate.__('Press Enter to go to this place in the text.'),
          'controls.ariaLabel': translate.__('Zoom'),
          'controls.zoomIn.ariaLabel': translate.__('Zoom in'),
          'controls.zoomOut.ariaLabel': translate.__('Zoom out'),
          'controls.fitView.ariaLabel': translate.__('Show all')
        }}
        onNodeClick={(_, node) => go(node.id)}
        onEdgeClick={(_, edge) => go(edge.id)}
        onNodeMouseEnter={(_, node) => setHovered(node.id)}
        onNodeMouseLeave={() => setHovered(null)}
        onEdgeMouseEnter={(_, edge) => setHovered(edge.id)}
        onEdgeMouseLeave={() => setHovered(null)}
        aria-label={translate.__('Workflow %1', labelIn(workflow, language))}
      >
        <Controls showInteractive={false} fitViewOptions={{ padding: 0.04, maxZoom: BIGGEST }} />
      </ReactFlow>
    </div>
  );
}

/** One workflow as a graph that fills its container and is laid out for the container's shape. */
export function WorkflowGraph(props: WorkflowGraphProps): JSX.Element {
  const host = React.useRef<HTMLDivElement>(null);
  const [size, setSize] = React.useState<{ width: number; height: number } | null>(null);
  React.useEffect(() => {
    const element = host.current;
    if (!element) {
      return undefined;
    }
    const read = (): void => {
      const { clientWidth: width, clientHeight: height } = element;
      if (width > 0 && height > 0) {
        setSize(old => (old?.width === width && old.height === height ? old : { width, height }));
      }
    };
    const observer = new ResizeObserver(read);
    observer.observe(element);
    read();
    return () => observer.disconnect();
  }, []);
  return (
    <div className="alm-Graph-canvas" ref={host}>
      {size && (
        <ReactFlowProvider>
          <Canvas {...props} size={size} />
        </ReactFlowProvider>
      )}
    </div>
  );
}
