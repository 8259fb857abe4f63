import { syntaxTree } from '@codemirror/language';
import { type Diagnostic, linter, lintGutter } from '@codemirror/lint';
import type { EditorState, Extension } from '@codemirror/state';
import type { EditorView } from '@codemirror/view';

import type { ICheckAnswer, IFinding, ManifestFormat } from '../api/types';
import { rangeOf } from './offsets';

export interface ILintOptions {
  format: ManifestFormat;
  check: (text: string, format: ManifestFormat) => Promise<ICheckAnswer>;
  /** Milliseconds of quiet before the server is asked; read anew each time. */
  delay: () => number;
  /** Message for places where only the local grammar could look. */
  localMessage: string;
}

const PAUSE = 50;

/** A finding as CodeMirror marks it. */
export function toDiagnostic(finding: IFinding, text: string): Diagnostic {
  const message = finding.hint ? `${finding.message}\n${finding.hint}` : finding.message;
  return { ...rangeOf(finding, text), severity: finding.severity, message, source: finding.code };
}

/** What the local grammar alone can say, for when the server is out of reach. */
export function localDiagnostics(state: EditorState, message: string): Diagnostic[] {
  const found: Diagnostic[] = [];
  const text = state.doc.toString();
  syntaxTree(state).iterate({
    enter: node => {
      if (node.type.isError && found.length < 20) {
        const range = rangeOf({ from: node.from, to: node.to, line: null, col: null }, text);
        found.push({ ...range, severity: 'warning', message });
      }
    }
  });
  return found;
}

/**
 * Marks in the text and the gutter. CodeMirror drops an answer when the text has changed since the question; texts
 * that changed during the pause are not even asked about.
 */
export function manifestLint(options: ILintOptions): Extension {
  const source = async (view: EditorView): Promise<readonly Diagnostic[]> => {
    const { state } = view;
    await new Promise(resolve => setTimeout(resolve, Math.max(0, options.delay() - PAUSE)));
    if (view.state.doc !== state.doc) {
      return [];
    }
    const text = state.doc.toString();
    try {
      const answer = await options.check(text, options.format);
      return answer.diagnostics.map(finding => toDiagnostic(finding, text));
    } catch {
      // The status bar says why; the local grammar is better than silence.
      return options.format === 'dsl' ? localDiagnostics(state, options.localMessage) : [];
    }
  };
  return [linter(source, { delay: PAUSE }), lintGutter()];
}
