import { Token } from '@lumino/coreutils';
import type { ISignal } from '@lumino/signaling';

import type { AlmClient } from './api/client';
import type { IMe } from './api/types';
import type { ManifestChecker } from './manifest/checker';

/** What the plugins of the workbench share. */
export interface IAlmWorkbench {
  readonly client: AlmClient;
  readonly checker: ManifestChecker;
  /** Who is signed in; null until known. */
  readonly me: IMe | null;
  readonly meChanged: ISignal<IAlmWorkbench, IMe | null>;
  /** Emitted after something on the server was changed from here: a version saved, a process activated. */
  readonly changed: ISignal<IAlmWorkbench, void>;
  notifyChanged(): void;
  /** Ask the server again who is signed in. */
  refresh(): Promise<void>;
}

export const IAlmWorkbench = new Token<IAlmWorkbench>(
  'alm-workbench:IAlmWorkbench',
  'The connection to the ALM workbench: REST client, manifest checker, who is signed in.'
);

export namespace CommandIDs {
  export const newManifest = 'alm:new-manifest';
  export const openStart = 'alm:open-start';
  export const check = 'alm:check-manifest';
  export const saveVersion = 'alm:save-version';
  export const activate = 'alm:activate-manifest';
  export const showGraph = 'alm:show-graph';
  export const openDashboards = 'alm:open-dashboards';
  export const login = 'alm:login';
  export const switchTenant = 'alm:switch-tenant';
  export const auditTimeline = 'alm:audit-timeline';
  export const admin = 'alm:admin';
}

/** The translation domain: the package name with `_`, as JupyterLab's language packs name it. */
export const DOMAIN = 'alm_workbench';

/** The factory of JupyterLab's text editor, which shows manifests. */
export const EDITOR_FACTORY = 'Editor';
