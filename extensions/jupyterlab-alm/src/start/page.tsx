import type { TranslationBundle } from '@jupyterlab/translation';
import { type LabIcon, ReactWidget } from '@jupyterlab/ui-components';
import React from 'react';

import type { ConnectionState } from '../api/client';
import type { IMe, IProject } from '../api/types';
import { ProblemView } from '../ui/problem';
import type { IGuides, IOverview } from './data';

/** A thing to do next. */
export interface IAction {
  id: string;
  title: string;
  text: string;
  icon: LabIcon;
  /** Opens in the workbench. */
  run?: () => void;
  /** Opens in a tab of its own. */
  href?: string;
}

export interface IStartModel {
  me: IMe | null;
  state: ConnectionState;
  overview: IOverview | null;
  error: unknown;
  guides: IGuides | null;
  loading: boolean;
}

export interface IStartOptions {
  trans: TranslationBundle;
  load: () => void;
  actions: (model: IStartModel) => IAction[];
}

/** The first page: who I am, what to do next, the projects. */
export class StartPage extends ReactWidget {
  constructor(private readonly options: IStartOptions) {
    super();
    this.addClass('alm-Start');
    this.node.tabIndex = 0;
  }

  /** Show what has become known. */
  patch(change: Partial<IStartModel>): void {
    this._model = { ...this._model, ...change };
    this.update();
  }

  protected render(): JSX.Element {
    const { trans, load, actions } = this.options;
    const model = this._model;
    return (
      <div className="alm-Start-page">
        <header>
          <h1>{trans.__('ALM Workbench')}</h1>
          <Who model={model} trans={trans} />
        </header>
        <section aria-labelledby="alm-start-next">
          <h2 id="alm-start-next">{trans.__('What to do next')}</h2>
          <ul className="alm-Start-cards">
            {actions(model).map(action => (
              <li key={action.id}>
                <Card action={action} />
              </li>
            ))}
          </ul>
        </section>
        <section aria-labelledby="alm-start-projects">
          <div className="alm-Start-heading">
            <h2 id="alm-start-projects">{trans.__('Projects')}</h2>
            <button type="button" className="jp-mod-styled" onClick={load} disabled={model.loading}>
              {model.loading ? trans.__('Loading…') : trans.__('Refresh')}
            </button>
          </div>
          <Projects model={model} trans={trans} />
        </section>
        {model.overview?.info && (
          <footer>
            {trans.__('Version %1, %2 profile', model.overview.info.version, model.overview.info.profile)}
          </footer>
        )}
      </div>
    );
  }

  private _model: IStartModel = {
    me: null,
    state: 'connecting',
    overview: null,
    error: null,
    guides: null,
    loading: true
  };
}

function Who({ model, trans }: { model: IStartModel; trans: TranslationBundle }): JSX.Element {
  const { me } = model;
  if (!me) {
    return (
      <p className="alm-Start-who">
        {model.state === 'connecting' ? trans.__('Connecting…') : trans.__('Not connected')}
      </p>
    );
  }
  return (
    <p className="alm-Start-who">
      {trans.__('User')} <strong>{me.display_name || me.email}</strong> · {trans.__('Organisation')}{' '}
      <strong>{me.tenant_name || me.tenant_slug}</strong>
      {me.roles.length > 0 && <span className="alm-Start-roles"> · {me.roles.join(', ')}</span>}
    </p>
  );
}

function Card({ action }: { action: IAction }): JSX.Element {
  const inside = (
    <>
      <action.icon.react tag="span" className="alm-Start-icon" width="28px" height="28px" />
      <span className="alm-Start-cardText">
        <span className="alm-Start-cardTitle">{action.title}</span>
        <span className="alm-Start-cardNote">{action.text}</span>
      </span>
    </>
  );
  return action.href ? (
    <a className="alm-Start-card" data-action={action.id} href={action.href} target="_blank" rel="noreferrer">
      {inside}
    </a>
  ) : (
    <button type="button" className="alm-Start-card" data-action={action.id} onClick={action.run}>
      {inside}
    </button>
  );
}

function Projects({ model, trans }: { model: IStartModel; trans: TranslationBundle }): JSX.Element {
  const projects = model.overview?.projects;
  if (model.error) {
    return (
      <div className="alm-Start-box alm-mod-error">
        <ProblemView error={model.error} trans={trans} />
      </div>
    );
  }
  if (!projects) {
    return <p className="alm-Start-box">{trans.__('Reading the projects…')}</p>;
  }
  if (projects.length === 0) {
    return (
      <div className="alm-Start-box">
        <strong>{trans.__('No projects yet')}</strong>
        <p>
          {trans.__(
            'Open a process above, or create a project in a notebook: alm.connect().projects.create("DEMO", "My project")'
          )}
        </p>
      </div>
    );
  }
  const counted = projects.some(project => project.items != null);
  return (
    <>
      <table className="alm-Start-table">
        <thead>
          <tr>
            <th scope="col">{trans.__('Key')}</th>
            <th scope="col">{trans.__('Name')}</th>
            <th scope="col">{trans.__('Process in force')}</th>
            {counted && (
              <th scope="col" className="alm-mod-number">
                {trans.__('Items')}
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {projects.map(project => (
            <ProjectRow key={project.id} project={project} counted={counted} trans={trans} />
          ))}
        </tbody>
      </table>
      {model.overview?.more && <p className="alm-Start-more">{trans.__('There are more projects.')}</p>}
    </>
  );
}

function ProjectRow(props: { project: IProject; counted: boolean; trans: TranslationBundle }): JSX.Element {
  const { project, counted, trans } = props;
  return (
    <tr>
      <th scope="row">
        <code>{project.key}</code>
      </th>
      <td>
        {project.name}
        {project.status === 'archived' && <span className="alm-Start-tag">{trans.__('archived')}</span>}
        {project.description && <div className="alm-Start-note">{project.description}</div>}
      </td>
      <td>{project.active_manifest ?? <span className="alm-Start-note">{trans.__('none yet')}</span>}</td>
      {counted && <td className="alm-mod-number">{project.items?.toLocaleString() ?? ''}</td>}
    </tr>
  );
}
