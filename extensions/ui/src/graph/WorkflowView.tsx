import React from 'react';

import { ErrorBoundary } from './ErrorBoundary';
import { elementAt } from './layout';
import {
  ENGLISH,
  type GraphData,
  labelIn,
  type Place,
  type StateData,
  type Translate,
  type WorkflowData
} from './types';
import { WorkflowGraph } from './WorkflowGraph';
import { WorkflowTable } from './WorkflowTable';

export interface WorkflowViewProps {
  graph: GraphData | null;
  /** A sentence above the graph, for example that the text cannot be read at the moment. */
  note?: string | null;
  /** Position of the text cursor; its workflow is shown and its state or transition marked. */
  offset?: number | null;
  onGo?: (place: Place) => void;
  language?: string;
  translate?: Translate;
}

function holds(workflow: WorkflowData, offset: number): boolean {
  return workflow.from != null && workflow.to != null && workflow.from <= offset && offset <= workflow.to;
}

/** While a state is being copied there are two of the same id; the first one is drawn. */
function distinct(workflow: WorkflowData): WorkflowData {
  const seen = new Map(workflow.states.map(state => [state.id, state]).reverse() as [string, StateData][]);
  const states = workflow.states.filter(state => seen.get(state.id) === state);
  return states.length === workflow.states.length ? workflow : { ...workflow, states };
}

/** The workflows of a manifest, one at a time, as a graph or as tables. */
export function WorkflowView(props: WorkflowViewProps): JSX.Element {
  const { graph, note, offset, onGo, language = 'en', translate = ENGLISH } = props;
  const [chosen, setChosen] = React.useState<string | null>(null);
  const [asTable, setAsTable] = React.useState(false);
  const workflows = graph?.workflows ?? [];
  const found = workflows.find(w => w.id === chosen) ?? workflows[0];
  const workflow = React.useMemo(() => found && distinct(found), [found]);

  // The cursor chooses the workflow when it moves into one, not while it rests there.
  React.useEffect(() => {
    const under = offset == null ? undefined : graph?.workflows.find(w => holds(w, offset));
    if (under) {
      setChosen(under.id);
    }
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [offset]);

  if (!workflow) {
    const waiting = note ?? translate.__('Reading the manifest…');
    return (
      <div className="alm-Graph">
        {graph && note && <Note text={note} />}
        <div className="alm-Graph-message" role="status">
          <p>{graph ? translate.__('This manifest has no workflow yet.') : waiting}</p>
        </div>
      </div>
    );
  }
  const users = (graph?.types ?? [])
    .filter(type => type.workflow === workflow.id)
    .map(t => labelIn(t, language));
  const shared = { workflow, language, translate, onGo };
  return (
    <div className="alm-Graph">
      <div className="alm-Graph-bar">
        {workflows.length > 1 ? (
          <label className="alm-Graph-select">
            <span className="alm-Graph-hidden">{translate.__('Workflow')}</span>
            <select value={workflow.id} onChange={event => setChosen(event.target.value)}>
              {workflows.map(w => (
                <option key={w.id} value={w.id}>
                  {labelIn(w, language)}
                </option>
              ))}
            </select>
          </label>
        ) : (
          <strong>{labelIn(workflow, language)}</strong>
        )}
        <span className="alm-Graph-facts" title={users.join(', ')}>
          {translate.__('%1 states, %2 transitions', workflow.states.length, workflow.transitions.length)}
          {users.length > 0 && ` · ${users.join(', ')}`}
        </span>
        <button
          type="button"
          className="alm-Graph-toggle"
          aria-pressed={asTable}
          onClick={() => setAsTable(!asTable)}
        >
          {asTable ? translate.__('Show as graph') : translate.__('Show as table')}
        </button>
      </div>
      {note && <Note text={note} />}
      <ErrorBoundary
        resetKey={workflow}
        message={translate.__('The graph cannot be drawn.')}
        retry={translate.__('Try again')}
      >
        {asTable ? (
          <WorkflowTable {...shared} />
        ) : (
          <WorkflowGraph {...shared} activeKey={offset == null ? null : elementAt(workflow, offset)} />
        )}
      </ErrorBoundary>
    </div>
  );
}

function Note({ text }: { text: string }): JSX.Element {
  return (
    <div className="alm-Graph-note" role="status">
      {text}
    </div>
  );
}
