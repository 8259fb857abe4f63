import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';

import { IAlmWorkbench } from './tokens';
import { Workbench } from './workbench';

/** The connection that the other plugins share. */
export const corePlugin: JupyterFrontEndPlugin<IAlmWorkbench> = {
  id: 'alm-workbench:core',
  description: 'The connection to the ALM workbench.',
  autoStart: true,
  provides: IAlmWorkbench,
  activate: (app: JupyterFrontEnd) => new Workbench(app.serviceManager.serverSettings)
};
