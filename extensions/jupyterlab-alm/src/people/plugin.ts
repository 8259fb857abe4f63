import { ILabShell, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import type { IMe } from '../api/types';
import { almIcon } from '../icons';
import { CommandIDs, DOMAIN, IAlmWorkbench } from '../tokens';
import { showProblem } from '../ui/problem';
import { PeopleDialogs } from './dialogs';
import { clientAsk, ElementWidget } from './elements';
import { askForItem } from './item';
import { placeHints } from './projects';

const ADMIN = [
  'member:read',
  'member:invite',
  'key:create',
  'key:manage',
  'audit:read',
  'tenant:read',
  'tenant:manage'
];

/** Whether somebody holds a privilege, by its code, its resource or everything; the server judges again. */
export function may(me: IMe | null, privilege: string): boolean {
  const held = me?.privileges ?? [];
  return held.includes(privilege) || held.includes(`${privilege.split(':')[0]}:*`) || held.includes('*');
}

/** Log-in, organisations, history and administration in JupyterLab. */
export const peoplePlugin: JupyterFrontEndPlugin<void> = {
  id: 'alm-workbench:people',
  description: 'Log-in, switch of organisation, history of items, administration.',
  autoStart: true,
  requires: [IAlmWorkbench],
  optional: [ICommandPalette, ITranslator, ILabShell],
  activate: (
    app: JupyterFrontEnd,
    workbench: IAlmWorkbench,
    palette: ICommandPalette | null,
    translator: ITranslator | null,
    shell: ILabShell | null
  ) => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const { commands } = app;
    const ask = clientAsk(workbench.client);
    const dialogs = new PeopleDialogs(workbench, trans, app.serviceManager.serverSettings.baseUrl);
    const tracker = new WidgetTracker<MainAreaWidget<ElementWidget>>({ namespace: 'alm-people' });
    const projects = new WeakMap<object, string>();

    // what is on the screen may speak for a project: the history of one of its items, the address, a folder
    const hints = (): (string | undefined)[] => {
      const shown = app.shell.currentWidget;
      const path = shell?.currentPath ?? '';
      return [(shown && projects.get(shown)) ?? undefined, ...placeHints(window.location.search, path)];
    };

    const open = (id: string, title: string, element: () => ElementWidget): object => {
      let widget = tracker.find(item => item.id === id);
      if (!widget) {
        widget = new MainAreaWidget({ content: element() });
        widget.id = id;
        widget.title.label = title;
        widget.title.icon = almIcon;
        widget.title.closable = true;
        widget.toolbar.hide();
        void tracker.add(widget);
        app.shell.add(widget, 'main', { type: 'ALM' });
      }
      app.shell.activateById(id);
      return widget;
    };

    commands.addCommand(CommandIDs.login, {
      label: trans.__('Log In…'),
      caption: trans.__('Log in to the ALM workbench, as yourself or as somebody else'),
      describedBy: { args: null },
      execute: () => dialogs.login()
    });
    commands.addCommand(CommandIDs.switchTenant, {
      label: trans.__('Switch Organisation…'),
      caption: trans.__('Go on in another organisation that you belong to'),
      describedBy: { args: null },
      isEnabled: () => workbench.me !== null,
      execute: () => dialogs.switchTenant()
    });
    commands.addCommand(CommandIDs.auditTimeline, {
      label: trans.__('History of an Item…'),
      caption: trans.__('Who changed an item, when and what'),
      describedBy: {
        args: {
          type: 'object',
          properties: {
            entity_type: { type: 'string' },
            entity_id: { type: 'string' },
            caption: { type: 'string' }
          }
        }
      },
      isEnabled: () => may(workbench.me, 'audit:read'),
      execute: async args => {
        try {
          let { entity_type: kind, entity_id: id, caption } = args as Record<string, string | undefined>;
          let project: string | undefined;
          if (!id) {
            const found = await askForItem(workbench, trans, hints());
            if (!found) {
              return;
            }
            project = found.project.id;
            [kind, id, caption] = ['Artifact', found.item.id, found.item.key];
          }
          const attributes = { 'entity-type': kind ?? 'Artifact', 'entity-id': id, caption: caption ?? '' };
          const title = caption ? trans.__('History: %1', caption) : trans.__('History');
          const widget = open(
            `alm-history-${id}`,
            title,
            () => new ElementWidget('alm-audit-timeline', ask, trans, attributes)
          );
          if (project) {
            projects.set(widget, project);
          }
        } catch (error) {
          await showProblem(trans.__('Something went wrong'), error, trans);
        }
      }
    });
    commands.addCommand(CommandIDs.admin, {
      label: trans.__('Administration'),
      caption: trans.__('Members, roles, keys, refusals and sign-ins of the organisation'),
      describedBy: { args: null },
      isEnabled: () => ADMIN.some(privilege => may(workbench.me, privilege)),
      execute: () => {
        open('alm-admin', trans.__('Administration'), () => new ElementWidget('alm-admin-panel', ask, trans));
      }
    });
    for (const command of [
      CommandIDs.login,
      CommandIDs.switchTenant,
      CommandIDs.auditTimeline,
      CommandIDs.admin
    ]) {
      palette?.addItem({ command, category: trans.__('ALM') });
    }

    // What shows one organisation's data is of no use in another one, nor for another person.
    const name = (me: IMe | null): string | null => me && `${me.user_id} ${me.tenant_id}`;
    let last = name(workbench.me); // who it is may be known before this plugin starts
    workbench.meChanged.connect((_, me) => {
      const now = name(me);
      if (now && last && now !== last) {
        tracker.forEach(widget => widget.dispose());
      }
      last = now ?? last;
      for (const command of [CommandIDs.switchTenant, CommandIDs.auditTimeline, CommandIDs.admin]) {
        commands.notifyCommandChanged(command);
      }
    });
    // Somebody who was signed in and is no longer hears of it at once, not from failing requests.
    workbench.client.stateChanged.connect((_, state) => {
      if (state === 'signed-out' && last) {
        void dialogs.login(true);
      }
    });
  }
};
