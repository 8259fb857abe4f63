import React from 'react';

import { labelIn, type Place, type Translate, type WorkflowData } from './types';
import { categoryMark, transitionConditions } from './words';

export interface WorkflowTableProps {
  workflow: WorkflowData;
  language: string;
  translate: Translate;
  onGo?: (place: Place) => void;
}

interface LinkProps {
  item: { id: string; label: string; from?: number; to?: number };
  text: string;
  onGo?: (place: Place) => void;
}

function GoLink({ item, text, onGo }: LinkProps): JSX.Element {
  const { from, to } = item;
  if (!onGo || from == null || to == null) {
    return <>{text}</>;
  }
  return (
    <button type="button" className="alm-Graph-link" onClick={() => onGo({ from, to })}>
      {text}
    </button>
  );
}

/** The same workflow as two tables: what the graph shows, for reading, searching and screen readers. */
export function WorkflowTable({ workflow, language, translate, onGo }: WorkflowTableProps): JSX.Element {
  const labels = new Map(workflow.states.map(state => [state.id, labelIn(state, language)]));
  return (
    <div
      className="alm-Graph-tables"
      tabIndex={0}
      role="region"
      aria-label={translate.__('Workflow as tables')}
    >
      <table className="alm-Graph-table">
        <caption>{translate.__('States')}</caption>
        <thead>
          <tr>
            <th scope="col">{translate.__('State')}</th>
            <th scope="col">{translate.__('Category')}</th>
            <th scope="col">{translate.__('Position')}</th>
            <th scope="col">{translate.__('Limit')}</th>
          </tr>
        </thead>
        <tbody>
          {workflow.states.map(state => {
            const mark = categoryMark(state.category, translate);
            return (
              <tr key={state.id}>
                <th scope="row">
                  <GoLink item={state} text={labelIn(state, language)} onGo={onGo} />
                </th>
                <td>
                  <span className="alm-Graph-sign" data-category={state.category} aria-hidden="true">
                    {mark.sign}
                  </span>{' '}
                  {mark.word}
                </td>
                <td>
                  {[state.initial && translate.__('start'), state.final && translate.__('end')]
                    .filter(Boolean)
                    .join(', ')}
                </td>
                <td>{state.wip_limit ?? ''}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
      <table className="alm-Graph-table">
        <caption>{translate.__('Transitions')}</caption>
        <thead>
          <tr>
            <th scope="col">{translate.__('Transition')}</th>
            <th scope="col">{translate.__('From')}</th>
            <th scope="col">{translate.__('To')}</th>
            <th scope="col">{translate.__('Conditions')}</th>
          </tr>
        </thead>
        <tbody>
          {workflow.transitions.map((transition, index) => (
            <tr key={index}>
              <th scope="row">
                <GoLink item={transition} text={labelIn(transition, language)} onGo={onGo} />
              </th>
              <td>{labels.get(transition.source) ?? transition.source}</td>
              <td>{labels.get(transition.target) ?? transition.target}</td>
              <td>
                {transitionConditions(transition, translate).map(line => (
                  <div key={line}>{line}</div>
                ))}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
