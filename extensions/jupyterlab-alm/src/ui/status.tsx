import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import React from 'react';

import type { ConnectionState } from '../api/client';
import type { IAlmWorkbench } from '../tokens';

function words(state: ConnectionState, trans: TranslationBundle): { text: string; help: string } {
  switch (state) {
    case 'online':
      return { text: trans.__('connected'), help: trans.__('The ALM workbench answers.') };
    case 'offline':
      return {
        text: trans.__('not reachable'),
        help: trans.__('The server does not answer. Checks and graphs wait until it does.')
      };
    case 'missing':
      return {
        text: trans.__('server extension missing'),
        help: trans.__('This Jupyter server does not answer ALM requests. Start it with "alm lab".')
      };
    case 'signed-out':
      return {
        text: trans.__('not signed in'),
        help: trans.__('Log in again; nothing that you have open is lost.')
      };
    default:
      return { text: trans.__('connecting…'), help: trans.__('The ALM workbench is being asked.') };
  }
}

/** User and connection in the status bar, which lead to the start page or the log-in, and the organisation to switch. */
export class StatusItem extends ReactWidget {
  constructor(
    private readonly workbench: IAlmWorkbench,
    private readonly trans: TranslationBundle,
    private readonly open: () => void,
    private readonly login: () => void,
    private readonly switchTenant: () => void
  ) {
    super();
    this.addClass('alm-Status');
    workbench.client.stateChanged.connect(this.update, this);
    workbench.meChanged.connect(this.update, this);
  }

  protected render(): JSX.Element {
    const { workbench, trans } = this;
    const { state } = workbench.client;
    const { text, help } = words(state, trans);
    const { me } = workbench;
    const tenant = me ? me.tenant_name || me.tenant_slug : '';
    return (
      <>
        <button
          type="button"
          className="alm-Status-button"
          data-state={state}
          title={help}
          onClick={state === 'signed-out' ? this.login : this.open}
        >
          <span className="alm-Status-dot" aria-hidden="true">
            {state === 'online' ? '●' : state === 'connecting' ? '○' : '▲'}
          </span>{' '}
          {me ? `${me.display_name || me.email} · ` : 'ALM: '}
          {text}
        </button>
        {me && (
          <button
            type="button"
            className="alm-Status-button"
            title={trans.__('Switch Organisation…')}
            aria-label={trans.__('Organisation: %1. Switch…', tenant)}
            onClick={this.switchTenant}
          >
            {tenant} ▾
          </button>
        )}
      </>
    );
  }
}
