import {
  type ILabShell,
  ILabShell as LabShell,
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette, MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import { ILauncher } from '@jupyterlab/launcher';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator, type TranslationBundle } from '@jupyterlab/translation';
import { notebookIcon, tableRowsIcon } from '@jupyterlab/ui-components';

import { almIcon, graphIcon, manifestIcon } from '../icons';
import { CommandIDs, DOMAIN, IAlmWorkbench } from '../tokens';
import { dashboardsAddress, findGuides, readOverview } from './data';
import { type IAction, type IStartModel, StartPage } from './page';

const ID = 'alm-workbench:start';

/** What a newcomer or an author would do next, in that order, as far as it is there. */
function nextActions(app: JupyterFrontEnd, trans: TranslationBundle, model: IStartModel): IAction[] {
  const { commands } = app;
  const open = (path: string): void => void commands.execute('docmanager:open', { path });
  const actions: IAction[] = [];
  const { guides } = model;
  if (guides?.safety) {
    const path = guides.safety;
    actions.push({
      id: 'safety',
      title: trans.__('Open the safety process'),
      text: trans.__('See, change and activate a real process, with its workflows as graphs.'),
      icon: graphIcon,
      run: () => {
        open(path);
        void commands.execute(CommandIDs.showGraph, { path });
      }
    });
  }
  if (guides?.tutorial) {
    const path = guides.tutorial;
    actions.push({
      id: 'tutorial',
      title: trans.__('Tutorial: import and explore'),
      text: trans.__('Bring in issues from a file and analyse them in a notebook.'),
      icon: notebookIcon,
      run: () => open(path)
    });
  }
  const dashboards = dashboardsAddress(model.overview?.info ?? null, window.location.href);
  if (dashboards) {
    actions.push({
      id: 'dashboards',
      title: trans.__('Dashboards'),
      text: trans.__('Where the projects stand, for everyone. Opens in a new tab.'),
      icon: tableRowsIcon,
      href: dashboards
    });
  }
  actions.push({
    id: 'new-manifest',
    title: trans.__('New process manifest'),
    text: trans.__('Describe a process of your own, starting from a small one that works.'),
    icon: manifestIcon,
    run: () => void commands.execute(CommandIDs.newManifest)
  });
  return actions;
}

/** Only launchers, or nothing at all, in the main area. */
function isEmptyWorkspace(shell: ILabShell): boolean {
  return [...shell.widgets('main')].every(widget => widget.id.startsWith('launcher'));
}

/** The start page and its launcher card. */
export const startPlugin: JupyterFrontEndPlugin<void> = {
  id: ID,
  description: 'The ALM start page: who is signed in, what to do next, the projects.',
  autoStart: true,
  requires: [IAlmWorkbench],
  optional: [ICommandPalette, ILauncher, ILayoutRestorer, LabShell, ISettingRegistry, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    workbench: IAlmWorkbench,
    palette: ICommandPalette | null,
    launcher: ILauncher | null,
    restorer: ILayoutRestorer | null,
    shell: ILabShell | null,
    settings: ISettingRegistry | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const tracker = new WidgetTracker<MainAreaWidget<StartPage>>({ namespace: 'alm-start' });

    const create = (): MainAreaWidget<StartPage> => {
      const content = new StartPage({
        trans,
        load: () => void load(),
        actions: model => nextActions(app, trans, model)
      });
      const load = async (): Promise<void> => {
        content.patch({ loading: true });
        void workbench.refresh();
        void findGuides(app.serviceManager.contents).then(guides => content.patch({ guides }));
        try {
          content.patch({ overview: await readOverview(workbench.client), error: null });
        } catch (error) {
          content.patch({ error });
        }
        content.patch({ loading: false });
      };
      const follow = (): void => content.patch({ me: workbench.me, state: workbench.client.state });
      const reload = (): void => void load();
      workbench.meChanged.connect(follow);
      workbench.client.stateChanged.connect(follow);
      workbench.changed.connect(reload);
      content.disposed.connect(() => {
        workbench.meChanged.disconnect(follow);
        workbench.client.stateChanged.disconnect(follow);
        workbench.changed.disconnect(reload);
      });
      follow();
      void load();
      const widget = new MainAreaWidget({ content });
      widget.id = 'alm-start';
      widget.title.label = trans.__('ALM Start');
      widget.title.icon = almIcon;
      widget.title.closable = true;
      widget.toolbar.hide();
      return widget;
    };

    app.commands.addCommand(CommandIDs.openStart, {
      label: args => (args.isLauncher ? trans.__('ALM Start') : trans.__('Open ALM Start')),
      caption: trans.__('Who is signed in, what to do next, the projects'),
      icon: almIcon,
      describedBy: { args: { type: 'object', properties: { isLauncher: { type: 'boolean' } } } },
      execute: () => {
        const open = tracker.find(() => true);
        const widget = open ?? create();
        if (!open) {
          app.shell.add(widget, 'main', { type: 'ALM' });
          void tracker.add(widget);
        }
        app.shell.activateById(widget.id);
      }
    });
    palette?.addItem({ command: CommandIDs.openStart, category: trans.__('ALM') });
    launcher?.add({
      command: CommandIDs.openStart,
      args: { isLauncher: true },
      category: trans.__('ALM'),
      rank: 1
    });
    if (restorer) {
      void restorer.restore(tracker, { command: CommandIDs.openStart, name: () => 'start' });
    }
    if (shell) {
      void Promise.all([app.restored, settings?.load(ID).catch(() => null)]).then(async ([, loaded]) => {
        if (loaded?.get('openAutomatically').composite === false || !isEmptyWorkspace(shell)) {
          return;
        }
        const launchers = [...shell.widgets('main')];
        await app.commands.execute(CommandIDs.openStart);
        launchers.forEach(widget => widget.dispose());
      });
    }
  }
};
