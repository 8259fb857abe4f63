import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import React from 'react';

import type { ICheckAnswer, IFinding } from '../api/types';
import { errorText } from '../ui/problem';
import { countBySeverity } from './offsets';

const SHOWN = 200;
const HEAD_HEIGHT = 28;
const ROW_HEIGHT = 22;
const ROWS_IN_SIGHT = 5;

export interface IProblemsState {
  answer: ICheckAnswer | null;
  error: Error | null;
  /** The text has changed since the answer. */
  stale: boolean;
}

/** A short sentence about a check: how many of what. */
export function summaryOf(state: IProblemsState, trans: TranslationBundle): string {
  if (state.error) {
    return errorText(state.error, trans).title;
  }
  if (!state.answer) {
    return trans.__('Checking…');
  }
  const { errors, warnings, infos } = countBySeverity(state.answer.diagnostics);
  const parts = [
    errors > 0 && trans._n('%1 error', '%1 errors', errors, errors),
    warnings > 0 && trans._n('%1 warning', '%1 warnings', warnings, warnings),
    infos > 0 && trans._n('%1 hint', '%1 hints', infos, infos)
  ].filter(Boolean);
  return parts.length > 0 ? parts.join(', ') : trans.__('No problems');
}

function severityOf(state: IProblemsState): string {
  if (state.error) {
    return 'warning';
  }
  const { errors, warnings } = countBySeverity(state.answer?.diagnostics ?? []);
  return errors ? 'error' : warnings ? 'warning' : state.answer ? 'ok' : 'none';
}

const SIGN: Record<string, string> = { error: '✖', warning: '▲', info: 'ℹ', ok: '✔', none: '…' };

/** The findings of a manifest below its text; a click leads to the place. */
export class ProblemsPanel extends ReactWidget {
  constructor(
    private readonly trans: TranslationBundle,
    private readonly go: (finding: IFinding) => void
  ) {
    super();
    this.addClass('alm-Problems');
    this.node.style.minHeight = `${HEAD_HEIGHT}px`;
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', trans.__('Problems of the manifest'));
  }

  get state(): IProblemsState {
    return this._state;
  }

  set state(state: IProblemsState) {
    this._state = state;
    const open = this.isOpen;
    // One finding gets two rows: messages are sentences and often need both.
    const rows = open ? Math.max(2, Math.min(this.rows.length, ROWS_IN_SIGHT)) : 0;
    const height = `${HEAD_HEIGHT + rows * ROW_HEIGHT}px`;
    if (height !== this.node.style.minHeight) {
      this.node.style.minHeight = height;
      // The layout above reads the least height only when it is told to.
      this.parent?.fit();
    }
    this.update();
  }

  private get rows(): readonly IFinding[] {
    return this._state.answer?.diagnostics ?? [];
  }

  /** As the user chose, else when there is something that must be seen to. */
  private get isOpen(): boolean {
    const serious = this.rows.some(finding => finding.severity !== 'info');
    return this.rows.length > 0 && (this._chosen ?? serious);
  }

  private toggle(): void {
    this._chosen = !this.isOpen;
    this.state = this._state;
  }

  protected render(): JSX.Element {
    const { trans, _state: state } = this;
    const severity = severityOf(state);
    const open = this.isOpen;
    const name = state.answer?.name
      ? `${state.answer.namespace}/${state.answer.name} ${state.answer.version}`
      : '';
    return (
      <>
        <button
          type="button"
          className="alm-Problems-head"
          aria-expanded={open}
          disabled={this.rows.length === 0}
          onClick={() => this.toggle()}
        >
          <span className="alm-Problems-sign" data-severity={severity} aria-hidden="true">
            {SIGN[severity]}
          </span>
          <span aria-live="polite">{summaryOf(state, trans)}</span>
          {this.rows.length > 0 && (
            <span className="alm-Problems-arrow" aria-hidden="true">
              {open ? '▾' : '▸'}
            </span>
          )}
          <span className="alm-Problems-name">{state.stale ? trans.__('checking…') : name}</span>
        </button>
        {open && (
          <ul className="alm-Problems-list">
            {this.rows.slice(0, SHOWN).map((finding, index) => (
              <li key={index}>
                <button type="button" onClick={() => this.go(finding)} title={finding.hint ?? undefined}>
                  <span className="alm-Problems-sign" data-severity={finding.severity} aria-hidden="true">
                    {SIGN[finding.severity] ?? SIGN.info}
                  </span>
                  <span className="alm-Problems-place">
                    {finding.line != null ? `${finding.line}:${finding.col ?? 1}` : ''}
                  </span>
                  <span className="alm-Problems-text">
                    {finding.message}
                    {finding.hint && <span className="alm-Problems-hint"> {finding.hint}</span>}
                  </span>
                  <code className="alm-Problems-code">{finding.code}</code>
                </button>
              </li>
            ))}
            {this.rows.length > SHOWN && <li>{trans.__('… and %1 more', this.rows.length - SHOWN)}</li>}
          </ul>
        )}
      </>
    );
  }

  private _chosen: boolean | null = null;
  private _state: IProblemsState = { answer: null, error: null, stale: false };
}
