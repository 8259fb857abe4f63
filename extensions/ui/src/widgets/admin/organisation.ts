import { button, field, h, problemCard, select, ticks } from '../parts';
import { labelOf } from '../texts';
import { type Ctx, type Room } from './room';

interface Tenant {
  slug: string;
  name: string;
  tier: string;
  timezone: string;
  week_start: number;
  locale: string;
  version: number;
  working_calendar: { days?: number[]; holidays?: string[] };
  settings: Record<string, number | null>;
}

interface Subscription {
  tier: string;
  labels: Record<string, string>;
  requests_per_minute: number;
  burst: number;
  quotas: { resource: string; used: number; limit: number | null }[];
}

const MONDAY = Date.UTC(2024, 0, 1);
const KIB = 1024;

function weekday(number: number, language: string): string {
  const day = new Date(MONDAY + (number - 1) * 86_400_000);
  return new Intl.DateTimeFormat(language, { weekday: 'long', timeZone: 'UTC' }).format(day);
}

function zones(): string[] {
  const known = Intl as unknown as { supportedValuesOf?: (key: string) => string[] };
  return ['UTC', ...(known.supportedValuesOf?.('timeZone') ?? [])];
}

/** A number of bytes with the unit that keeps it short. */
export function bytes(count: number, language: string): string {
  const steps = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const step = count < 1 ? 0 : Math.min(steps.length - 1, Math.floor(Math.log(count) / Math.log(KIB)));
  const shown = new Intl.NumberFormat(language, { maximumFractionDigits: 1 }).format(count / KIB ** step);
  return `${shown} ${steps[step]}`;
}

function subscription(ctx: Ctx, told: Subscription): Node[] {
  const { texts } = ctx;
  const amount = (resource: string, count: number): string =>
    resource === 'storage' ? bytes(count, texts.language) : texts.number(count);
  const meters = told.quotas.flatMap(({ resource, used, limit }) => {
    const name = texts.word('quota', resource);
    const text =
      limit === null
        ? texts.t('noLimit', { used: amount(resource, used) })
        : `${amount(resource, used)} / ${amount(resource, limit)}`;
    const bar = h('meter', { min: '0', max: String(limit ?? 1), 'aria-label': name });
    bar.high = (limit ?? 1) * 0.9;
    bar.value = limit === null ? 0 : used;
    return [h('span', {}, name), limit === null ? h('span', {}) : bar, h('span', {}, text)];
  });
  return [
    h('h3', {}, `${texts.t('subscription')}: ${labelOf(told.labels, texts, told.tier)}`),
    h('div', { class: 'meter' }, ...meters),
    h(
      'p',
      { class: 'hint' },
      texts.t('requests', { minute: texts.number(told.requests_per_minute), burst: texts.number(told.burst) })
    )
  ];
}

function number(settings: Tenant['settings'], name: string, min: number, max: number): HTMLInputElement {
  const input = h('input', { type: 'number', min: String(min), max: String(max) });
  input.value = settings[name] == null ? '' : String(settings[name]);
  return input;
}

const asNumber = (input: HTMLInputElement): number | null =>
  input.value.trim() ? Number(input.value) : null;

function form(ctx: Ctx, tenant: Tenant): HTMLElement {
  const { texts } = ctx;
  const name = h('input', { type: 'text', required: true });
  const zone = select(
    zones().map(item => [item, item] as const),
    tenant.timezone
  );
  const start = select(
    [1, 2, 3, 4, 5, 6, 7].map(day => [String(day), weekday(day, texts.language)] as const),
    String(tenant.week_start)
  );
  const locale = select(
    [
      ['en', 'English'],
      ['tr', 'Türkçe']
    ],
    tenant.locale
  );
  const days = ticks(
    texts.t('workingDays'),
    [1, 2, 3, 4, 5, 6, 7].map(day => [String(day), weekday(day, texts.language)] as const),
    (tenant.working_calendar.days ?? []).map(String)
  );
  const holidays = h('textarea', { rows: '3' });
  const invitation = number(tenant.settings, 'invitation_days', 1, 30);
  const retention = number(tenant.settings, 'audit_retention_months', 1, 1200);
  name.value = tenant.name;
  holidays.value = (tenant.working_calendar.holidays ?? []).join('\n');
  const calendar = (): { days: number[]; holidays: string[] } => ({
    days: days.values().map(Number),
    holidays: holidays.value.split(/[\s,;]+/).filter(Boolean)
  });
  const before = JSON.stringify(calendar());
  const told = h('div', { 'aria-live': 'polite' });
  const save = async (): Promise<void> => {
    told.replaceChildren();
    try {
      await ctx.ask('UpdateTenant', {
        expected_version: tenant.version,
        name: name.value.trim(),
        timezone: zone.value,
        week_start: Number(start.value),
        locale: locale.value,
        ...(JSON.stringify(calendar()) === before ? {} : { working_calendar: calendar() }),
        settings: { invitation_days: asNumber(invitation), audit_retention_months: asNumber(retention) }
      });
      ctx.say(texts.t('saved'));
      ctx.reload();
    } catch (error) {
      told.replaceChildren(problemCard(error, texts));
    }
  };
  const element = h(
    'form',
    { class: 'narrow', novalidate: true },
    field(texts.t('name'), name),
    field(texts.t('timezone'), zone),
    field(texts.t('weekStart'), start),
    field(texts.t('language'), locale),
    days.box,
    field(texts.t('holidays'), holidays, texts.t('holidaysHint')),
    field(texts.t('invitationDays'), invitation, texts.t('invitationDaysHint')),
    field(texts.t('retention'), retention, texts.t('retentionHint')),
    told,
    h('button', { type: 'submit', class: 'main' }, texts.t('save'))
  );
  element.addEventListener('submit', event => {
    event.preventDefault();
    void save();
  });
  return element;
}

function facts(ctx: Ctx, tenant: Tenant): HTMLElement {
  const { texts } = ctx;
  const list: [string, string][] = [
    [texts.t('name'), tenant.name],
    [texts.t('timezone'), tenant.timezone],
    [texts.t('weekStart'), weekday(tenant.week_start, texts.language)],
    [texts.t('language'), tenant.locale === 'tr' ? 'Türkçe' : 'English']
  ];
  return h('dl', { class: 'facts' }, ...list.flatMap(([key, told]) => [h('dt', {}, key), h('dd', {}, told)]));
}

async function draw(ctx: Ctx): Promise<Node[]> {
  const { texts } = ctx;
  const tenant = await ctx.ask<Tenant>('GetTenant');
  const manage = ctx.may('tenant:manage');
  const parts: Node[] = [h('h3', {}, texts.t('settings')), manage ? form(ctx, tenant) : facts(ctx, tenant)];
  if (ctx.may('tenant:read')) {
    try {
      parts.unshift(...subscription(ctx, await ctx.ask<Subscription>('GetSubscription')));
    } catch (error) {
      parts.unshift(problemCard(error, texts));
    }
  }
  return [
    ...parts,
    h(
      'p',
      {},
      button(texts.t('refresh'), () => ctx.reload())
    )
  ];
}

export const organisationRoom: Room = {
  id: 'organisation',
  label: 'organisation',
  needs: ['tenant:read', 'tenant:manage'],
  draw
};
