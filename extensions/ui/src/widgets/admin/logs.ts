import { field, h, longText, printable, select, time, value } from '../parts';
import { type Texts } from '../texts';
import { type Ctx, paged, type Room } from './room';

interface Decision {
  id: string;
  at: string;
  actor: string | null;
  command: string;
  entity_type: string;
  entity_id: string | null;
  verdict: string;
  rule_id: string | null;
  reasons: unknown[];
  correlation_id: string | null;
}

interface SignIn {
  id: string;
  at: string;
  kind: string;
  email: string;
  display_name: string;
  address: string | null;
  client: string;
}

interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

const BAD = new Set(['login_failed', 'locked', 'refresh_reuse']);

function reason(given: unknown): string {
  const told = typeof given === 'object' && given !== null ? (given as { message?: unknown }).message : given;
  return typeof told === 'string' ? told : JSON.stringify(given);
}

function refusalsTable(ctx: Ctx, verdict: string): Promise<Node> {
  const { texts } = ctx;
  return paged<Decision>(
    ctx,
    texts.t('refusals'),
    [
      { label: texts.t('when'), kind: 'short', cell: d => time(d.at, texts) },
      { label: texts.t('who'), cell: d => printable(d.actor ?? texts.t('unknownActor')) },
      {
        label: texts.t('wanted'),
        cell: d =>
          h('span', {}, d.command, d.entity_id ? h('small', {}, `${d.entity_type} ${d.entity_id}`) : null)
      },
      { label: texts.t('verdict'), kind: 'short', cell: d => verdictOf(d.verdict, texts) },
      { label: texts.t('rule'), cell: d => value(d.rule_id, texts) },
      { label: texts.t('why'), cell: d => longText(d.reasons.map(reason).join('\n'), texts, 240) },
      { label: texts.t('reference'), cell: d => h('code', {}, d.correlation_id ?? '') }
    ],
    cursor => ctx.ask<Page<Decision>>('ListDecisions', { verdict: verdict || null, limit: 50, cursor }),
    [texts.t('noRefusals'), texts.t('noRefusalsHint')]
  );
}

function verdictOf(verdict: string, texts: Texts): Node {
  return h(
    'span',
    { class: verdict === 'allow' ? 'good' : 'bad' },
    `${verdict === 'allow' ? '✓' : '✗'} ${texts.word('verdict', verdict)}`
  );
}

async function refusals(ctx: Ctx): Promise<Node[]> {
  const { texts } = ctx;
  const kind = select(
    [
      ['deny', texts.t('onlyRefusals')],
      ['allow', texts.t('onlyAllowances')],
      ['', texts.t('allDecisions')]
    ],
    'deny'
  );
  const place = h('div', {}, await refusalsTable(ctx, 'deny'));
  kind.addEventListener('change', () => {
    void refusalsTable(ctx, kind.value).then(
      found => place.replaceChildren(found),
      () => ctx.reload()
    );
  });
  return [h('div', { class: 'bar' }, field(texts.t('show'), kind)), place];
}

async function signIns(ctx: Ctx): Promise<Node[]> {
  const { texts } = ctx;
  return [
    await paged<SignIn>(
      ctx,
      texts.t('signins'),
      [
        { label: texts.t('when'), kind: 'short', cell: s => time(s.at, texts) },
        {
          label: texts.t('who'),
          cell: s => h('span', {}, printable(s.display_name || s.email), h('small', {}, printable(s.email)))
        },
        {
          label: texts.t('what'),
          cell: s => h('span', { class: BAD.has(s.kind) ? 'bad' : '' }, texts.word('signin', s.kind))
        },
        { label: texts.t('address'), cell: s => value(s.address, texts) },
        { label: texts.t('client'), cell: s => longText(s.client, texts, 80) }
      ],
      cursor => ctx.ask<Page<SignIn>>('ListSignIns', { limit: 50, cursor }),
      [texts.t('noSignIns'), '']
    )
  ];
}

export const refusalsRoom: Room = {
  id: 'refusals',
  label: 'refusals',
  needs: ['audit:read'],
  draw: refusals
};
export const signInsRoom: Room = { id: 'signins', label: 'signins', needs: ['audit:read'], draw: signIns };
