import { baseUrl } from '../ask';
import { ask as question, tellOnce } from '../dialog';
import { button, h, printable, ticks, time } from '../parts';
import { labelOf, type Texts } from '../texts';
import { acts, type Ctx, listing, type Role, type Room, tags } from './room';

interface Member {
  membership_id: string;
  user_id: string;
  email: string;
  display_name: string;
  status: string;
  roles: string[];
  version: number;
  created_at: string;
}

/** Roles to tick, by their labels. */
export function roleTicks(
  roles: readonly Role[],
  chosen: readonly string[],
  texts: Texts
): ReturnType<typeof ticks> {
  const options = roles.map(
    role => [role.code, `${labelOf(role.labels, texts, role.code)} (${role.code})`] as const
  );
  return ticks(texts.t('roles'), options, chosen);
}

async function editRoles(ctx: Ctx, member: Member, roles: readonly Role[]): Promise<void> {
  const { texts } = ctx;
  const box = roleTicks(roles, member.roles, texts);
  const done = await question(ctx.host, texts, {
    title: texts.t('rolesOf', { name: printable(member.display_name) }),
    body: [box.box],
    confirm: texts.t('save'),
    run: async () => {
      const chosen = box.values();
      if (!chosen.length) {
        return texts.t('oneRole');
      }
      await ctx.ask('UpdateMember', {
        membership_id: member.membership_id,
        expected_version: member.version,
        roles: chosen
      });
      return undefined;
    }
  });
  if (done) {
    ctx.reload();
  }
}

async function setStatus(ctx: Ctx, member: Member, status: 'active' | 'suspended'): Promise<void> {
  const { texts } = ctx;
  const key = status === 'active' ? 'reinstate' : 'suspend';
  const done = await question(ctx.host, texts, {
    title: `${texts.t(key)}: ${printable(member.display_name)}`,
    body: [h('p', {}, texts.t(`${key}Hint`))],
    confirm: texts.t(key),
    danger: status === 'suspended',
    run: async () => {
      await ctx.ask('UpdateMember', {
        membership_id: member.membership_id,
        expected_version: member.version,
        status
      });
      return undefined;
    }
  });
  if (done) {
    ctx.reload();
  }
}

async function remove(ctx: Ctx, member: Member): Promise<void> {
  const { texts } = ctx;
  const done = await question(ctx.host, texts, {
    title: `${texts.t('remove')}: ${printable(member.display_name)}`,
    body: [h('p', {}, texts.t('removeHint', { tenant: printable(ctx.me.tenant_name) }))],
    confirm: texts.t('remove'),
    danger: true,
    run: async () => {
      await ctx.ask('RemoveMember', {
        membership_id: member.membership_id,
        expected_version: member.version
      });
      return undefined;
    }
  });
  if (done) {
    ctx.reload();
  }
}

async function passwordLink(ctx: Ctx, member: Member): Promise<void> {
  const { texts } = ctx;
  let link = '';
  const done = await question(ctx.host, texts, {
    title: `${texts.t('passwordLink')}: ${printable(member.display_name)}`,
    body: [h('p', {}, texts.t('passwordLinkHint'))],
    confirm: texts.t('makeLink'),
    run: async () => {
      const made = await ctx.ask<{ path: string }>('IssuePasswordReset', {
        membership_id: member.membership_id
      });
      link = linkOf(ctx, made.path);
      return undefined;
    }
  });
  if (done) {
    await tellOnce(ctx.host, texts, texts.t('passwordLink'), texts.t('toldOnce'), link);
  }
}

/** A path of the server as an address that others can open. */
export function linkOf(ctx: Ctx, path: string): string {
  const base = ctx.place ? `${ctx.place.replace(/\/+$/, '')}/` : `${location.origin}${baseUrl()}`;
  return path.includes('://') ? path : new URL(path.replace(/^\/+/, ''), base).href;
}

async function draw(ctx: Ctx): Promise<Node[]> {
  const { texts } = ctx;
  const manage = ctx.may('member:manage');
  const [members, roles] = await Promise.all([
    ctx.ask<Member[]>('ListMembers'),
    ctx.ask<Role[]>('ListRoles')
  ]);
  const label = (code: string): string =>
    labelOf(roles.find(role => role.code === code)?.labels, texts, code);
  const actions = (member: Member): Node => {
    const suspended = member.status === 'suspended';
    const mine = member.user_id === ctx.me.user_id;
    return acts(member.display_name, [
      button(texts.t('editRoles'), () => void editRoles(ctx, member, roles)),
      mine
        ? null
        : button(
            texts.t(suspended ? 'reinstate' : 'suspend'),
            () => void setStatus(ctx, member, suspended ? 'active' : 'suspended')
          ),
      mine ? null : button(texts.t('passwordLink'), () => void passwordLink(ctx, member)),
      mine ? null : button(texts.t('remove'), () => void remove(ctx, member), 'danger')
    ]);
  };
  return listing(
    ctx,
    texts.t('members'),
    [
      {
        label: texts.t('name'),
        cell: m => h('span', {}, h('b', {}, printable(m.display_name)), h('small', {}, printable(m.email)))
      },
      { label: texts.t('roles'), cell: m => tags(m.roles.map(label)) },
      {
        label: texts.t('status'),
        kind: 'short',
        cell: m =>
          h('span', { class: m.status === 'active' ? 'good' : 'bad' }, texts.word('status', m.status))
      },
      { label: texts.t('since'), kind: 'short', cell: m => time(m.created_at, texts) },
      ...(manage ? [{ label: texts.t('actions'), kind: 'actions' as const, cell: actions }] : [])
    ],
    members,
    m => `${m.display_name} ${m.email} ${m.roles.map(label).join(' ')} ${m.roles.join(' ')}`,
    [texts.t('noMembers'), '']
  );
}

export const membersRoom: Room = { id: 'members', label: 'members', needs: ['member:read'], draw };
