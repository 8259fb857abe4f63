import { ask as question, tellOnce } from '../dialog';
import { button, field, h, printable, select, ticks, time } from '../parts';
import { acts, type Ctx, listing, type Room, tags } from './room';

interface Key {
  id: string;
  name: string;
  prefix: string;
  scopes: string[];
  roles: string[] | null;
  project_ids: string[] | null;
  status: string;
  owner_id: string;
  owner_name: string;
  expires_at: string;
  last_used_at: string | null;
  old_until: string | null;
}

interface Secret {
  secret: string;
  key: Key;
}

const DAYS = [7, 30, 90, 180, 365];

async function tell(ctx: Ctx, made: Secret): Promise<void> {
  const title = ctx.texts.t('keyMade', { name: printable(made.key.name) });
  await tellOnce(ctx.host, ctx.texts, title, ctx.texts.t('keyToldOnce'), made.secret);
  ctx.reload();
}

async function create(ctx: Ctx): Promise<void> {
  const { texts } = ctx;
  const name = h('input', { type: 'text', autocomplete: 'off', required: true });
  const scopes = ticks(
    texts.t('scopes'),
    [...ctx.me.privileges].sort().map(code => [code, code] as const),
    []
  );
  const days = select(
    DAYS.map(count => [String(count), texts.t('days', { count })] as const),
    '90'
  );
  let made: Secret | null = null;
  const done = await question(ctx.host, texts, {
    title: texts.t('newKey'),
    body: [
      field(texts.t('name'), name, texts.t('keyNameHint')),
      scopes.box,
      field(texts.t('validFor'), days)
    ],
    confirm: texts.t('newKey'),
    run: async () => {
      if (!name.value.trim()) {
        name.focus();
        return texts.t('fillIn', { field: texts.t('name') });
      }
      if (!scopes.values().length) {
        return texts.t('oneScope');
      }
      const expires = new Date(Date.now() + Number(days.value) * 86_400_000);
      made = await ctx.ask<Secret>('CreateApiKey', {
        name: name.value.trim(),
        scopes: scopes.values(),
        // a minute less, so that a clock ahead of the server's does not ask for more than it allows
        expires_at: new Date(expires.getTime() - 60_000).toISOString()
      });
      return undefined;
    }
  });
  if (done && made) {
    await tell(ctx, made);
  }
}

async function rotate(ctx: Ctx, key: Key): Promise<void> {
  const { texts } = ctx;
  const grace = select(
    [0, 1, 24, 72, 168].map(count => [String(count), texts.t('hours', { count })] as const),
    '24'
  );
  let made: Secret | null = null;
  const done = await question(ctx.host, texts, {
    title: `${texts.t('rotate')}: ${printable(key.name)}`,
    body: [h('p', {}, texts.t('rotateHint')), field(texts.t('grace'), grace)],
    confirm: texts.t('rotate'),
    run: async () => {
      made = await ctx.ask<Secret>('RotateApiKey', { key_id: key.id, grace_hours: Number(grace.value) });
      return undefined;
    }
  });
  if (done && made) {
    await tell(ctx, made);
  }
}

async function revoke(ctx: Ctx, key: Key): Promise<void> {
  const { texts } = ctx;
  const done = await question(ctx.host, texts, {
    title: `${texts.t('revoke')}: ${printable(key.name)}`,
    body: [h('p', {}, texts.t('revokeKeyHint'))],
    confirm: texts.t('revoke'),
    danger: true,
    run: async () => {
      await ctx.ask('RevokeApiKey', { key_id: key.id });
      return undefined;
    }
  });
  if (done) {
    ctx.reload();
  }
}

async function draw(ctx: Ctx): Promise<Node[]> {
  const { texts } = ctx;
  const all = ctx.may('key:manage');
  const keys = await ctx.ask<Key[]>('ListApiKeys', all ? { everybody: true } : {});
  const actions = (key: Key): Node =>
    key.status === 'active'
      ? acts(key.name, [
          key.owner_id === ctx.me.user_id ? button(texts.t('rotate'), () => void rotate(ctx, key)) : null,
          button(texts.t('revoke'), () => void revoke(ctx, key), 'danger')
        ])
      : h('span', {});
  return listing(
    ctx,
    texts.t('keys'),
    [
      {
        label: texts.t('name'),
        cell: k =>
          h(
            'span',
            {},
            h('b', {}, printable(k.name)),
            h('small', {}, h('code', {}, `${k.prefix}…`)),
            all ? h('small', {}, printable(k.owner_name)) : null
          )
      },
      { label: texts.t('scopes'), cell: k => tags([...k.scopes, ...(k.roles ?? [])]) },
      {
        label: texts.t('status'),
        cell: k =>
          h(
            'span',
            {},
            texts.word('key', k.status),
            k.old_until ? h('small', {}, texts.t('oldUntil'), ' ', time(k.old_until, texts)) : null
          )
      },
      { label: texts.t('validUntil'), kind: 'short', cell: k => time(k.expires_at, texts) },
      {
        label: texts.t('lastUsed'),
        kind: 'short',
        cell: k => (k.last_used_at ? time(k.last_used_at, texts) : texts.t('never'))
      },
      { label: texts.t('actions'), kind: 'actions', cell: actions }
    ],
    keys,
    k => `${k.name} ${k.prefix} ${k.owner_name} ${k.scopes.join(' ')}`,
    [texts.t('noKeys'), texts.t('noKeysHint')],
    ctx.may('key:create') ? [button(texts.t('newKey'), () => void create(ctx), 'main')] : []
  );
}

export const keysRoom: Room = { id: 'keys', label: 'keys', needs: ['key:create', 'key:manage'], draw };
