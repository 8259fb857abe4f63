import { EditorView } from '@codemirror/view';
import type { CodeMirrorEditor } from '@jupyterlab/codemirror';
import type { DocumentRegistry, DocumentWidget, IDocumentWidget } from '@jupyterlab/docregistry';
import type { FileEditor } from '@jupyterlab/fileeditor';
import type { TranslationBundle } from '@jupyterlab/translation';
import { checkIcon, ReactiveToolbar, runIcon, saveIcon, ToolbarButton } from '@jupyterlab/ui-components';
import { DisposableDelegate, type IDisposable } from '@lumino/disposable';
import { BoxLayout } from '@lumino/widgets';

import type { IFinding, ManifestFormat } from '../api/types';
import { graphIcon, manifestIcon } from '../icons';
import type { IAlmWorkbench } from '../tokens';
import type { IManifestSource, ManifestActions } from './activate';
import type { ICheckResult } from './checker';
import { formatOf } from './files';
import { rangeOf } from './offsets';
import { ProblemsPanel } from './problems';

export type ManifestDocument = IDocumentWidget<FileEditor> & Pick<DocumentWidget, 'contentHeader'>;

/** The CodeMirror view of a text document. */
export function viewOf(document: ManifestDocument): EditorView {
  return (document.content.editor as CodeMirrorEditor).editor;
}

/** Put the cursor on a place of the text, in sight, and the keyboard into the editor. */
export function goTo(document: ManifestDocument, from: number, to: number, select = false): void {
  const view = viewOf(document);
  const length = view.state.doc.length;
  const anchor = Math.max(0, Math.min(from, length));
  const head = select ? Math.max(anchor, Math.min(to, length)) : anchor;
  view.dispatch({
    selection: { anchor, head },
    effects: EditorView.scrollIntoView(anchor, { y: 'center' })
  });
  view.focus();
}

/** A document as the actions see it. */
export function sourceOf(document: ManifestDocument): IManifestSource {
  return {
    get format(): ManifestFormat {
      return formatOf(document.context.path) ?? 'dsl';
    },
    text: () => document.context.model.sharedModel.getSource() as string,
    save: async () => {
      if (document.context.model.dirty && !document.context.model.readOnly) {
        await document.context.save();
      }
    },
    go: (from, to) => goTo(document, from, to, true)
  };
}

export interface IToolOptions {
  workbench: IAlmWorkbench;
  actions: ManifestActions;
  trans: TranslationBundle;
  showGraph: (path: string) => void;
}

/** What a manifest's text editor gets besides the text: a bar of actions above, the problems below. */
export class ManifestTools implements DocumentRegistry.WidgetExtension {
  constructor(private readonly options: IToolOptions) {}

  createNew(widget: ManifestDocument, context: DocumentRegistry.CodeContext): IDisposable | void {
    if (!formatOf(context.path)) {
      return;
    }
    const { workbench, trans } = this.options;
    widget.addClass('alm-Manifest');
    widget.content.title.icon = manifestIcon;
    const bar = this.createBar(widget);
    widget.contentHeader.addWidget(bar);
    const panel = new ProblemsPanel(trans, (finding: IFinding) => {
      const { from, to } = rangeOf(finding, viewOf(widget).state.doc.toString());
      goTo(widget, from, to, true);
    });
    const layout = widget.layout as BoxLayout;
    BoxLayout.setStretch(panel, 0);
    layout.addWidget(panel);

    const text = (): string => (context.model.sharedModel as { getSource(): string }).getSource();
    const onChecked = (_: unknown, result: ICheckResult): void => {
      if (result.text === text()) {
        panel.state = { answer: result.answer, error: result.error, stale: false };
      }
    };
    const onChanged = (): void => {
      panel.state = { ...panel.state, stale: true };
    };
    workbench.checker.checked.connect(onChecked);
    context.model.contentChanged.connect(onChanged);
    return new DisposableDelegate(() => {
      workbench.checker.checked.disconnect(onChecked);
      context.model.contentChanged.disconnect(onChanged);
      bar.dispose();
      panel.dispose();
    });
  }

  private createBar(widget: ManifestDocument): ReactiveToolbar {
    const { workbench, actions, trans, showGraph } = this.options;
    const bar = new ReactiveToolbar({ noFocusOnClick: true });
    bar.addClass('alm-Bar');
    bar.node.setAttribute('aria-label', trans.__('Manifest'));
    const source = sourceOf(widget);
    const button = (
      name: string,
      label: string,
      tooltip: string,
      icon: typeof checkIcon,
      onClick: () => void
    ): void => {
      bar.addItem(name, new ToolbarButton({ label, tooltip, icon, onClick }));
    };
    button('check', trans.__('Check'), trans.__('Check the manifest again on the server'), checkIcon, () => {
      workbench.checker.check(source.text(), source.format, true).catch(() => undefined);
    });
    button(
      'save-version',
      trans.__('Save version'),
      trans.__('Keep this text as a version on the server'),
      saveIcon,
      () => void actions.saveVersion(source)
    );
    button(
      'activate',
      trans.__('Activate for project…'),
      trans.__('Put this process into force for a project'),
      runIcon,
      () => void actions.activate(source)
    );
    button('graph', trans.__('Show graph'), trans.__('Show the workflows as a graph'), graphIcon, () =>
      showGraph(widget.context.path)
    );
    return bar;
  }
}
