import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';

import { ProblemError, problemSlug } from '../api/problem';
import type { ICheckAnswer, IPage, IProject, ISavedVersion, ManifestFormat } from '../api/types';
import type { IAlmWorkbench } from '../tokens';
import { showProblem } from '../ui/problem';
import { askMessage, askProject, askStateMap, tellErrors } from './dialogs';
import { strandedStates } from './stranded';

/** The document an action works on. */
export interface IManifestSource {
  readonly format: ManifestFormat;
  /** The text as the editor holds it. */
  text(): string;
  /** Write the file, so that what is on the server is also on disk. */
  save(): Promise<void>;
  /** Show a place of the text. */
  go(from: number, to: number): void;
}

const STAY = 6000;
const ATTEMPTS = 5;

/** Check, save and activate manifests: the steps, with every way they can go. */
export class ManifestActions {
  constructor(
    private readonly workbench: IAlmWorkbench,
    private readonly trans: TranslationBundle
  ) {}

  /** Keep the text as a version on the server. */
  async saveVersion(source: IManifestSource): Promise<void> {
    const { trans } = this;
    try {
      const answer = await this.checked(source);
      if (!answer) {
        return;
      }
      const message = await askMessage(answer, trans);
      if (message === null) {
        return;
      }
      const saved = await this.post(source, message);
      const name = `${answer.namespace}/${answer.name}`;
      if (saved.unchanged) {
        const same = trans.__('Nothing has changed since version %1 of %2.', saved.number, name);
        Notification.info(same, { autoClose: STAY });
      } else {
        const done = trans.__('Saved as version %1 of %2.', saved.number, name);
        Notification.success(done, { autoClose: STAY });
      }
      this.workbench.notifyChanged();
    } catch (error) {
      await showProblem(trans.__('The version was not saved'), error, trans);
    }
  }

  /** Save the text as a version and put it into force for a project that the user chooses. */
  async activate(source: IManifestSource): Promise<void> {
    const { trans } = this;
    try {
      const answer = await this.checked(source);
      if (!answer) {
        return;
      }
      const { items } = await this.workbench.client.get<IPage<IProject>>('projects?limit=200');
      const projects = items.filter(project => project.status !== 'archived');
      if (projects.length === 0) {
        Notification.info(trans.__('There is no project yet that a process could be activated for.'), {
          autoClose: STAY
        });
        return;
      }
      const choice = await askProject(answer, projects, trans);
      if (!choice) {
        return;
      }
      const saved = await this.post(source, choice.reason);
      if (await this.put(saved, choice.projectId, choice.reason)) {
        const key = projects.find(p => p.id === choice.projectId)?.key ?? '';
        const name = `${answer.namespace}/${answer.name} ${answer.version}`;
        Notification.success(trans.__('%1 is now in force for %2 (version %3).', name, key, saved.number), {
          autoClose: STAY
        });
        this.workbench.notifyChanged();
      }
    } catch (error) {
      await showProblem(trans.__('The process was not activated'), error, trans);
    }
  }

  /** The check of the present text; null after showing its errors. */
  private async checked(source: IManifestSource): Promise<ICheckAnswer | null> {
    const answer = await this.workbench.checker.check(source.text(), source.format);
    const first = answer.diagnostics.find(d => d.severity === 'error');
    if (answer.ok && !first) {
      return answer;
    }
    if ((await tellErrors(answer, this.trans)) && first) {
      source.go(first.from ?? 0, first.to ?? first.from ?? 0);
    }
    return null;
  }

  private async post(source: IManifestSource, message: string): Promise<ISavedVersion> {
    await source.save();
    const body = { text: source.text(), format: source.format, ...(message ? { message } : {}) };
    return this.workbench.client.post<ISavedVersion>('manifests', body);
  }

  /** Put a version into force, asking where stranded items go; false when the user gave up. */
  private async put(saved: ISavedVersion, projectId: string, reason: string): Promise<boolean> {
    let map: Record<string, string> = {};
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      try {
        await this.workbench.client.post(`projects/${encodeURIComponent(projectId)}/activations`, {
          manifest_version_id: saved.version_id,
          state_map: map,
          ...(reason ? { reason } : {})
        });
        return true;
      } catch (error) {
        if (!(error instanceof ProblemError) || problemSlug(error.problem) !== 'stranded-items') {
          throw error;
        }
        const answer = await askStateMap(strandedStates(error.problem), error.problem.detail, this.trans);
        if (!answer) {
          return false;
        }
        map = { ...map, ...answer };
      }
    }
    return false;
  }
}
