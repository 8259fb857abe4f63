import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { IEditorTracker } from '@jupyterlab/fileeditor';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { graphIcon } from '../icons';
import { formatOf } from '../manifest/files';
import type { ManifestDocument } from '../manifest/tools';
import { CommandIDs, DOMAIN, EDITOR_FACTORY, IAlmWorkbench } from '../tokens';
import { GraphPanel } from './panel';

/** The workflow graph beside a manifest. */
export const graphPlugin: JupyterFrontEndPlugin<void> = {
  id: 'alm-workbench:graph',
  description: 'The workflows of a manifest as a graph beside its text.',
  autoStart: true,
  requires: [IAlmWorkbench, IDocumentManager],
  optional: [IEditorTracker, ICommandPalette, ILayoutRestorer, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    workbench: IAlmWorkbench,
    documents: IDocumentManager,
    editors: IEditorTracker | null,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const language = (translator ?? nullTranslator).languageCode;
    const tracker = new WidgetTracker<MainAreaWidget<GraphPanel>>({ namespace: 'alm-graph' });
    const paths = new WeakMap<MainAreaWidget<GraphPanel>, () => string>();

    const currentPath = (): string => {
      const path = editors?.currentWidget?.context.path ?? '';
      return formatOf(path) ? path : '';
    };

    app.commands.addCommand(CommandIDs.showGraph, {
      label: trans.__('Show Workflow Graph'),
      caption: trans.__('Show the workflows of a manifest as a graph'),
      icon: graphIcon,
      describedBy: { args: { type: 'object', properties: { path: { type: 'string' } } } },
      isEnabled: args => !!args.path || !!currentPath(),
      execute: args => {
        const path = (args.path as string) || currentPath();
        const open = tracker.find(widget => paths.get(widget)?.() === path);
        if (open) {
          app.shell.activateById(open.id);
          return;
        }
        const document = documents.openOrReveal(path, EDITOR_FACTORY) as ManifestDocument | undefined;
        if (!document) {
          return;
        }
        // Not awaited: while a layout is restored no document is read, and the layout waits for this command.
        const widget = new MainAreaWidget({ content: new GraphPanel(document, workbench, trans, language) });
        widget.id = `alm-graph-${document.id}`;
        widget.title.icon = graphIcon;
        widget.title.label = trans.__('Graph: %1', PathExt.basename(path));
        widget.title.caption = trans.__('Workflows of %1', path);
        widget.toolbar.hide();
        paths.set(widget, () => document.context.path);
        widget.content.disposed.connect(() => widget.dispose());
        app.shell.add(widget, 'main', { mode: 'split-right', ref: document.id, activate: false });
        void tracker.add(widget);
      }
    });

    palette?.addItem({ command: CommandIDs.showGraph, category: trans.__('ALM') });
    if (restorer) {
      void restorer.restore(tracker, {
        command: CommandIDs.showGraph,
        args: widget => ({ path: paths.get(widget)?.() ?? '' }),
        name: widget => paths.get(widget)?.() ?? '',
        when: app.serviceManager.ready
      });
    }
  }
};
