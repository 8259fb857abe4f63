import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import { Debouncer } from '@lumino/polling';
import React from 'react';

import type { GraphData } from '../../../ui/src/graph/types';
import { goTo, type ManifestDocument, sourceOf, viewOf } from '../manifest/tools';
import type { IAlmWorkbench } from '../tokens';
import { errorText } from '../ui/problem';

// The drawing library is large; it comes with the first graph.
const WorkflowView = React.lazy(() => import('./view'));

const DELAY = 200;

interface IGraphAnswer extends GraphData {
  diagnostics: { severity: string; line: number | null }[];
}

/** The workflows of one open manifest, kept in step with its text. */
export class GraphPanel extends ReactWidget {
  constructor(
    private readonly document: ManifestDocument,
    private readonly workbench: IAlmWorkbench,
    private readonly trans: TranslationBundle,
    private readonly language: string
  ) {
    super();
    this.addClass('alm-GraphPanel');
    this._debouncer = new Debouncer(() => this.read(), DELAY);
    const { context, content } = document;
    const onText = (): void => void this._debouncer.invoke().catch(() => undefined);
    const onCursor = (): void => {
      const view = viewOf(document);
      this._offset = view.state.selection.main.head;
      this.update();
    };
    context.model.contentChanged.connect(onText);
    content.editor.model.selections.changed.connect(onCursor);
    document.disposed.connect(() => this.dispose());
    this.disposed.connect(() => {
      this._asked?.abort();
      this._debouncer.dispose();
      context.model.contentChanged.disconnect(onText);
      if (!content.isDisposed) {
        content.editor.model.selections.changed.disconnect(onCursor);
      }
    });
    void context.ready.then(() => this.read());
  }

  /** Ask for the graph of the present text; an answer for an older text is dropped. */
  private async read(): Promise<void> {
    if (this.isDisposed) {
      return;
    }
    this._asked?.abort();
    const asked = new AbortController();
    this._asked = asked;
    const source = sourceOf(this.document);
    const text = source.text();
    try {
      const answer = await this.workbench.client.post<IGraphAnswer>(
        'manifests/graph',
        { text, format: source.format },
        asked.signal
      );
      if (!asked.signal.aborted) {
        this.take(answer);
      }
    } catch (error) {
      if (!asked.signal.aborted) {
        const { title } = errorText(error, this.trans);
        this._note = this._graph
          ? this.trans.__('%1. The graph shows the text as it was last read.', title)
          : title;
      }
    }
    this.update();
  }

  private take(answer: IGraphAnswer): void {
    const broken = answer.diagnostics.find(d => d.severity === 'error');
    const lost = answer.workflows.length === 0 && (this._graph?.workflows.length ?? 0) > 0;
    if (!(broken && (lost || missesWorkflows(this._graph, answer)))) {
      this._graph = answer;
      this._note = broken ? this.noteFor(broken.line) : null;
      return;
    }
    this._note = this.trans.__(
      'The text cannot be read at the moment (line %1); this is the last graph that could be drawn.',
      broken.line ?? 1
    );
  }

  private noteFor(line: number | null): string | null {
    return line == null ? null : this.trans.__('The manifest has an error in line %1.', line);
  }

  protected render(): JSX.Element {
    return (
      <React.Suspense fallback={<p className="alm-GraphPanel-wait">{this.trans.__('Loading the graph…')}</p>}>
        <WorkflowView
          graph={this._graph}
          note={this._note}
          offset={this._offset}
          language={this.language}
          translate={this.trans}
          onGo={this.go}
        />
      </React.Suspense>
    );
  }

  private readonly go = ({ from, to }: { from: number; to: number }): void => goTo(this.document, from, to);

  private _graph: GraphData | null = null;
  private _note: string | null = null;
  private _offset: number | null = null;
  private _asked: AbortController | null = null;
  private readonly _debouncer: Debouncer;
}

/** Whether a workflow that was there is gone: with an error in the text it is more likely hidden than removed. */
function missesWorkflows(old: GraphData | null, now: GraphData): boolean {
  const ids = new Set(now.workflows.map(w => w.id));
  return (old?.workflows ?? []).some(
    w => !ids.has(w.id) || (now.workflows.find(n => n.id === w.id)?.states.length ?? 0) === 0
  );
}
