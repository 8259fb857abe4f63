import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { IEditorTracker } from '@jupyterlab/fileeditor';
import { ILauncher } from '@jupyterlab/launcher';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import type { Contents } from '@jupyterlab/services';

import type { IWorkbenchInfo } from '../api/types';
import { manifestIcon } from '../icons';
import { ManifestActions } from '../manifest/activate';
import { formatOf } from '../manifest/files';
import { manifestTemplate } from '../manifest/template';
import { type ManifestDocument, sourceOf } from '../manifest/tools';
import { dashboardsAddress } from '../start/data';
import { CommandIDs, DOMAIN, IAlmWorkbench } from '../tokens';
import { showProblem } from './problem';
import { StatusItem } from './status';

/** Commands for palette and menus, the launcher card for a new manifest, the status bar. */
export const uiPlugin: JupyterFrontEndPlugin<void> = {
  id: 'alm-workbench:ui',
  description: 'ALM commands, launcher card and connection status.',
  autoStart: true,
  requires: [IAlmWorkbench],
  optional: [ICommandPalette, ILauncher, IEditorTracker, IStatusBar, IDefaultFileBrowser, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    workbench: IAlmWorkbench,
    palette: ICommandPalette | null,
    launcher: ILauncher | null,
    editors: IEditorTracker | null,
    status: IStatusBar | null,
    browser: IDefaultFileBrowser | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const { commands } = app;
    const category = trans.__('ALM');
    const actions = new ManifestActions(workbench, trans);
    const current = (): ManifestDocument | null => {
      const widget = (editors?.currentWidget ?? null) as ManifestDocument | null;
      return widget && formatOf(widget.context.path) ? widget : null;
    };

    commands.addCommand(CommandIDs.newManifest, {
      label: args => (args.isLauncher ? trans.__('Process Manifest') : trans.__('New Process Manifest')),
      caption: trans.__('Create a process manifest from a small template'),
      icon: manifestIcon,
      describedBy: { args: { type: 'object', properties: { cwd: { type: 'string' } } } },
      execute: async args => {
        const { contents } = app.serviceManager;
        const folder = (args.cwd as string | undefined) ?? browser?.model.path ?? '';
        const made: Contents.IModel = await contents.newUntitled({ path: folder, type: 'file', ext: '.alm' });
        await contents.save(made.path, { type: 'file', format: 'text', content: manifestTemplate(trans) });
        return commands.execute('docmanager:open', { path: made.path });
      }
    });

    const onManifest = (
      id: string,
      label: string,
      run: (document: ManifestDocument) => Promise<unknown>
    ): void => {
      commands.addCommand(id, {
        label,
        isEnabled: () => current() !== null,
        describedBy: { args: null },
        execute: async () => {
          const document = current();
          if (document) {
            await run(document);
          }
        }
      });
      palette?.addItem({ command: id, category });
    };
    onManifest(CommandIDs.check, trans.__('Check Manifest'), async document => {
      const source = sourceOf(document);
      await workbench.checker.check(source.text(), source.format, true).catch(() => undefined);
    });
    onManifest(CommandIDs.saveVersion, trans.__('Save Manifest Version'), document =>
      actions.saveVersion(sourceOf(document))
    );
    onManifest(CommandIDs.activate, trans.__('Activate Manifest for Project…'), document =>
      actions.activate(sourceOf(document))
    );

    commands.addCommand(CommandIDs.openDashboards, {
      label: trans.__('Open Dashboards'),
      caption: trans.__('Open the dashboards in a new tab'),
      describedBy: { args: null },
      execute: async () => {
        try {
          const info = await workbench.client.get<IWorkbenchInfo>('workbench');
          const address = dashboardsAddress(info, window.location.href);
          if (!address) {
            throw new Error(
              trans.__('No dashboards are running here. "alm lab" and "alm dashboards" start them.')
            );
          }
          window.open(address, '_blank', 'noreferrer');
        } catch (error) {
          await showProblem(trans.__('The dashboards cannot be opened'), error, trans);
        }
      }
    });
    palette?.addItem({ command: CommandIDs.newManifest, category });
    palette?.addItem({ command: CommandIDs.openDashboards, category });
    launcher?.add({ command: CommandIDs.newManifest, args: { isLauncher: true }, category, rank: 2 });
    status?.registerStatusItem('alm-workbench:status', {
      item: new StatusItem(
        workbench,
        trans,
        () => void commands.execute(CommandIDs.openStart),
        () => void commands.execute(CommandIDs.login),
        () => void commands.execute(CommandIDs.switchTenant)
      ),
      align: 'right',
      rank: 1
    });
  }
};
