import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { ICheckAnswer, IProject } from '../api/types';
import { FormBody } from '../ui/form';
import { countBySeverity } from './offsets';
import { type IStrandedState, likelyTarget } from './stranded';

function nameOf(answer: ICheckAnswer): string {
  return `${answer.namespace}/${answer.name} ${answer.version}`;
}

/** Ask for a message to save a version with; null when cancelled. */
export async function askMessage(answer: ICheckAnswer, trans: TranslationBundle): Promise<string | null> {
  const body = new FormBody('', (value, change) => (
    <>
      <p>{trans.__('A version of %1 is kept for good and can be put into force later.', nameOf(answer))}</p>
      <label>
        <span>{trans.__('What has changed (optional)')}</span>
        <input type="text" className="jp-mod-styled" value={value} onChange={e => change(e.target.value)} />
      </label>
    </>
  ));
  const result = await showDialog({
    title: trans.__('Save a version'),
    body,
    focusNodeSelector: 'input',
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.okButton({ label: trans.__('Save version') })
    ]
  });
  return result.button.accept ? (result.value ?? '') : null;
}

/** Tell that a manifest with errors can be neither saved as a version nor activated. True: show the first one. */
export async function tellErrors(answer: ICheckAnswer, trans: TranslationBundle): Promise<boolean> {
  const { errors } = countBySeverity(answer.diagnostics);
  const first = answer.diagnostics.find(d => d.severity === 'error');
  const result = await showDialog({
    title: trans.__('The manifest has errors'),
    body: (
      <div className="alm-Problem">
        <p>
          {trans._n(
            'There is %1 error. Correct it first; nothing has been saved on the server.',
            'There are %1 errors. Correct them first; nothing has been saved on the server.',
            errors,
            errors
          )}
        </p>
        {first && (
          <ul>
            <li>
              {first.line != null && <code>{`${first.line}:${first.col ?? 1}`}</code>} {first.message}
            </li>
          </ul>
        )}
      </div>
    ),
    buttons: [
      Dialog.cancelButton({ label: trans.__('Close') }),
      Dialog.okButton({ label: trans.__('Go to the first error') })
    ]
  });
  return result.button.accept;
}

export interface IActivationChoice {
  projectId: string;
  reason: string;
}

/** Ask for which project a manifest is to be put into force; null when cancelled. */
export async function askProject(
  answer: ICheckAnswer,
  projects: readonly IProject[],
  trans: TranslationBundle
): Promise<IActivationChoice | null> {
  const { warnings } = countBySeverity(answer.diagnostics);
  const family = `${answer.namespace}/${answer.name} `;
  const usual = projects.find(p => p.active_manifest?.startsWith(family)) ?? projects[0];
  const body = new FormBody<IActivationChoice>({ projectId: usual.id, reason: '' }, (value, change) => {
    const project = projects.find(p => p.id === value.projectId);
    return (
      <>
        <p className="alm-Form-check">
          <strong>{nameOf(answer)}</strong>
          {' — '}
          {warnings
            ? trans._n('checked, %1 warning', 'checked, %1 warnings', warnings, warnings)
            : trans.__('checked, no problems')}
        </p>
        <label>
          <span>{trans.__('Project')}</span>
          <select value={value.projectId} onChange={e => change({ ...value, projectId: e.target.value })}>
            {projects.map(p => (
              <option key={p.id} value={p.id}>
                {`${p.key} — ${p.name}`}
              </option>
            ))}
          </select>
        </label>
        <p className="alm-Form-hint">
          {project?.active_manifest
            ? trans.__('In force now: %1', project.active_manifest)
            : trans.__('This project has no process in force yet.')}
        </p>
        <label>
          <span>{trans.__('Reason (optional, kept in the history)')}</span>
          <input
            type="text"
            className="jp-mod-styled"
            value={value.reason}
            onChange={e => change({ ...value, reason: e.target.value })}
          />
        </label>
      </>
    );
  });
  const result = await showDialog({
    title: trans.__('Activate for a project'),
    body,
    focusNodeSelector: 'select',
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.okButton({ label: trans.__('Activate') })
    ]
  });
  return result.button.accept ? result.value : null;
}

/** Ask where items go whose state the new process does not have; null when cancelled or impossible. */
export async function askStateMap(
  stranded: readonly IStrandedState[],
  detail: string,
  trans: TranslationBundle
): Promise<Record<string, string> | null> {
  const impossible = stranded.filter(item => item.targets.length === 0);
  const first = Object.fromEntries(
    stranded.map(item => [item.state, likelyTarget(item.state, item.targets)])
  );
  const body = new FormBody<Record<string, string>>(first, (value, change) => (
    <>
      <p>{detail}</p>
      <table className="alm-Form-table">
        <thead>
          <tr>
            <th scope="col">{trans.__('State now')}</th>
            <th scope="col">{trans.__('Items')}</th>
            <th scope="col">{trans.__('New state')}</th>
          </tr>
        </thead>
        <tbody>
          {stranded.map(item => (
            <tr key={item.state}>
              <th scope="row">
                <code>{item.state}</code>
                <div className="alm-Form-hint">{item.types.join(', ')}</div>
              </th>
              <td>{item.items}</td>
              <td>
                {item.targets.length > 0 ? (
                  <select
                    aria-label={trans.__('New state for items in %1', item.state)}
                    value={value[item.state]}
                    onChange={e => change({ ...value, [item.state]: e.target.value })}
                  >
                    {item.targets.map(target => (
                      <option key={target} value={target}>
                        {target}
                      </option>
                    ))}
                  </select>
                ) : (
                  trans.__('The type is not in the new process')
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {impossible.length > 0 && (
        <p>{trans.__('Keep these types in the manifest, or move their items first; then activate again.')}</p>
      )}
    </>
  ));
  const result = await showDialog({
    title: trans.__('Where should these items go?'),
    body,
    buttons:
      impossible.length > 0
        ? [Dialog.cancelButton({ label: trans.__('Close') })]
        : [
            Dialog.cancelButton({ label: trans.__('Cancel') }),
            Dialog.okButton({ label: trans.__('Move the items and activate') })
          ]
  });
  return result.button.accept ? result.value : null;
}
