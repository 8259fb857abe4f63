import { Dialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { ProblemError } from '../api/problem';
import type { IArtifact, IProject } from '../api/types';
import type { IAlmWorkbench } from '../tokens';
import { FormBody, TryingDialog } from '../ui/form';
import { ProblemView } from '../ui/problem';
import { lastProject, likelyProject, readProjects, rememberProject } from './projects';

interface IChoice {
  project: IProject;
  key: string;
  trouble: JSX.Element | null;
}

const TROUBLE = 'alm-item-trouble';

/** The key of an item, and its project where there are several. */
function form(
  projects: readonly IProject[],
  trans: TranslationBundle
): (choice: IChoice, change: (choice: IChoice) => void) => JSX.Element {
  const Form = (choice: IChoice, change: (choice: IChoice) => void): JSX.Element => (
    <>
      {projects.length > 1 && (
        <label>
          <span>{trans.__('Project')}</span>
          <select
            value={choice.project.id}
            onChange={e =>
              change({ ...choice, project: projects.find(p => p.id === e.target.value) ?? choice.project })
            }
          >
            {projects.map(p => (
              <option key={p.id} value={p.id}>
                {`${p.key} — ${p.name}`}
              </option>
            ))}
          </select>
        </label>
      )}
      <label>
        <span>{trans.__('Key of the item')}</span>
        <input
          type="text"
          className="jp-mod-styled"
          autoComplete="off"
          spellCheck={false}
          placeholder="TASK-1"
          value={choice.key}
          aria-invalid={choice.trouble !== null}
          aria-describedby={TROUBLE}
          onChange={e => change({ ...choice, key: e.target.value })}
        />
      </label>
      <div id={TROUBLE}>{choice.trouble}</div>
    </>
  );
  return Form;
}

function sentence(text: string): JSX.Element {
  return (
    <p className="alm-Problem" role="alert">
      {text}
    </p>
  );
}

/**
 * Ask for an item by its key and project in one dialog, which stays until there is such an item.
 *
 * @param hints ids or keys of projects that what is on the screen speaks for, the likeliest first
 * @returns the item, or null when nobody wants to know
 */
export async function askForItem(
  workbench: IAlmWorkbench,
  trans: TranslationBundle,
  hints: readonly (string | null | undefined)[]
): Promise<{ item: IArtifact; project: IProject } | null> {
  const projects = await readProjects(workbench.client);
  const project = likelyProject(projects, [...hints, lastProject()]);
  const title = trans.__('History of an Item');
  if (!project) {
    const buttons = [Dialog.okButton({ label: trans.__('Close') })];
    await new Dialog({ title, body: trans.__('No projects yet'), buttons }).launch();
    return null;
  }
  let item: IArtifact | null = null;
  const body = new FormBody<IChoice>({ project, key: '', trouble: null }, form(projects, trans));
  const find = async (): Promise<boolean> => {
    const choice = body.getValue();
    const key = choice.key.trim();
    const object = (trouble: JSX.Element): void => {
      if (body.isDisposed) {
        return; // somebody closed the dialog while the server was asked
      }
      body.change({ ...body.getValue(), trouble });
      body.node.querySelector('input')?.select();
    };
    if (!key) {
      object(sentence(trans.__('Type the key of an item, such as TASK-1.')));
      return false;
    }
    try {
      const path = `projects/${choice.project.id}/artifacts/${encodeURIComponent(key)}`;
      item = await workbench.client.get<IArtifact>(path);
      return true;
    } catch (error) {
      object(
        error instanceof ProblemError && error.problem.status === 404 ? (
          sentence(trans.__('There is no item %1 for you in %2.', key, choice.project.key))
        ) : (
          <ProblemView error={error} trans={trans} />
        )
      );
      return false;
    }
  };
  const dialog = new TryingDialog<IChoice>(
    {
      title,
      body,
      focusNodeSelector: 'input',
      buttons: [
        Dialog.cancelButton({ label: trans.__('Cancel') }),
        Dialog.okButton({ label: trans.__('Show') })
      ]
    },
    find
  );
  const result = await dialog.launch();
  const chosen = result.value?.project;
  if (!result.button.accept || !item || !chosen) {
    return null;
  }
  rememberProject(chosen.id);
  return { item, project: chosen };
}
