import { ask as question } from '../dialog';
import { button, field, h, printable, ticks } from '../parts';
import { labelOf } from '../texts';
import { acts, type Ctx, listing, type Role, type Room, tags } from './room';

interface Privilege {
  code: string;
  labels: Record<string, string>;
}

async function edit(ctx: Ctx, role: Role | null, roles: readonly Role[]): Promise<void> {
  const { texts } = ctx;
  const privileges = await ctx.ask<Privilege[]>('ListPrivileges');
  const code = h('input', { type: 'text', autocomplete: 'off', required: true, spellcheck: 'false' });
  const en = h('input', { type: 'text', autocomplete: 'off' });
  const tr = h('input', { type: 'text', autocomplete: 'off' });
  en.value = role?.labels.en ?? '';
  tr.value = role?.labels.tr ?? '';
  const others = roles.filter(other => other.code !== role?.code);
  const implied = ticks(
    texts.t('implies'),
    others.map(other => [other.code, labelOf(other.labels, texts, other.code)] as const),
    role?.implies ?? []
  );
  const granted = ticks(
    texts.t('grants'),
    privileges.map(item => [item.code, `${item.code}: ${labelOf(item.labels, texts, item.code)}`] as const),
    role?.privileges ?? []
  );
  const done = await question(ctx.host, texts, {
    title: role ? `${texts.t('editRole')}: ${printable(role.code)}` : texts.t('newRole'),
    body: [
      ...(role ? [] : [field(texts.t('code'), code, texts.t('codeHint'))]),
      field(texts.t('labelEn'), en),
      field(texts.t('labelTr'), tr),
      implied.box,
      granted.box
    ],
    confirm: texts.t('save'),
    run: async () => {
      const name = role?.code ?? code.value.trim();
      if (!name) {
        code.focus();
        return texts.t('fillIn', { field: texts.t('code') });
      }
      const labels = { en: en.value.trim() || name, ...(tr.value.trim() ? { tr: tr.value.trim() } : {}) };
      const values = { code: name, labels, implies: implied.values(), privileges: granted.values() };
      await (role
        ? ctx.ask('UpdateRole', { ...values, expected_version: role.version })
        : ctx.ask('CreateRole', values));
      return undefined;
    }
  });
  if (done) {
    ctx.reload();
  }
}

async function drop(ctx: Ctx, role: Role): Promise<void> {
  const { texts } = ctx;
  const done = await question(ctx.host, texts, {
    title: `${texts.t('deleteRole')}: ${printable(role.code)}`,
    body: [h('p', {}, texts.t('deleteRoleHint'))],
    confirm: texts.t('deleteRole'),
    danger: true,
    run: async () => {
      await ctx.ask('DeleteRole', { code: role.code, expected_version: role.version });
      return undefined;
    }
  });
  if (done) {
    ctx.reload();
  }
}

async function draw(ctx: Ctx): Promise<Node[]> {
  const { texts } = ctx;
  const manage = ctx.may('role:manage');
  const roles = await ctx.ask<Role[]>('ListRoles');
  const actions = (role: Role): Node =>
    role.built_in
      ? h('span', { class: 'hint' }, texts.t('builtIn'))
      : acts(role.code, [
          button(texts.t('editRole'), () => void edit(ctx, role, roles)),
          button(texts.t('deleteRole'), () => void drop(ctx, role), 'danger')
        ]);
  return listing(
    ctx,
    texts.t('roles'),
    [
      {
        label: texts.t('role'),
        cell: r =>
          h(
            'span',
            {},
            h('b', {}, printable(labelOf(r.labels, texts, r.code))),
            h('small', {}, r.code),
            h('small', {}, printable(labelOf(r.description, texts, '')))
          )
      },
      { label: texts.t('implies'), cell: r => tags(r.implies) },
      { label: texts.t('grants'), cell: r => tags(r.privileges) },
      ...(manage ? [{ label: texts.t('actions'), kind: 'actions' as const, cell: actions }] : [])
    ],
    roles,
    r => `${r.code} ${labelOf(r.labels, texts, '')} ${r.privileges.join(' ')}`,
    [texts.t('noRoles'), ''],
    manage ? [button(texts.t('newRole'), () => void edit(ctx, null, roles), 'main')] : []
  );
}

export const rolesRoom: Room = { id: 'roles', label: 'roles', needs: ['member:read'], draw };
