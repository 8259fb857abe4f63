import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { ProblemError, UnreachableError } from '../api/problem';

const SHOWN = 12;

/** What went wrong in words a user can act on. */
export function errorText(error: unknown, trans: TranslationBundle): { title: string; detail: string } {
  if (error instanceof UnreachableError) {
    return error.reason === 'missing'
      ? {
          title: trans.__('The ALM server extension is missing'),
          detail: trans.__(
            'This Jupyter server does not answer ALM requests. Start it with "alm lab", or check with "alm doctor".'
          )
        }
      : {
          title: trans.__('The server does not answer'),
          detail: trans.__('Check that it is still running; nothing you typed is lost.')
        };
  }
  if (error instanceof ProblemError) {
    return { title: error.problem.title, detail: error.problem.detail };
  }
  return { title: trans.__('Something went wrong'), detail: String((error as Error)?.message ?? error) };
}

/** A problem document for people: sentence, reasons, located complaints, correlation id to quote. */
export function ProblemView({ error, trans }: { error: unknown; trans: TranslationBundle }): JSX.Element {
  const { title, detail } = errorText(error, trans);
  const problem = error instanceof ProblemError ? error.problem : null;
  const located = problem?.errors ?? [];
  return (
    <div className="alm-Problem" role="alert">
      <strong>{title}</strong>
      {detail && detail !== title && <p>{detail}</p>}
      {problem && problem.reasons.length > 0 && (
        <ul>
          {problem.reasons.map((reason, index) => (
            <li key={index}>{reason}</li>
          ))}
        </ul>
      )}
      {located.length > 0 && (
        <ul>
          {located.slice(0, SHOWN).map((item, index) => (
            <li key={index}>
              {item.path && <code>{item.path}</code>} {item.message}
            </li>
          ))}
          {located.length > SHOWN && <li>{trans.__('… and %1 more', located.length - SHOWN)}</li>}
        </ul>
      )}
      {problem && problem.diagnostics.length > 0 && (
        <ul>
          {problem.diagnostics.slice(0, SHOWN).map((item, index) => (
            <li key={index}>
              {item.line != null && <code>{`${item.line}:${item.col ?? 1}`}</code>} {item.message}
            </li>
          ))}
        </ul>
      )}
      {problem?.correlation_id && (
        <p className="alm-Problem-id">
          {trans.__('Correlation id')} <code>{problem.correlation_id}</code>
        </p>
      )}
    </div>
  );
}

/** Show a failure in a dialog. */
export async function showProblem(title: string, error: unknown, trans: TranslationBundle): Promise<void> {
  await showDialog({
    title,
    body: <ProblemView error={error} trans={trans} />,
    buttons: [Dialog.okButton({ label: trans.__('Close') })]
  });
}
