import { ask as question, tellOnce } from '../dialog';
import { button, field, h, printable, time } from '../parts';
import { labelOf } from '../texts';
import { linkOf, roleTicks } from './members';
import { acts, type Ctx, listing, type Role, type Room, tags } from './room';

interface Invitation {
  invitation_id: string;
  email: string;
  roles: string[];
  status: string;
  invited_by: string;
  created_at: string;
  expires_at: string;
}

interface Secret {
  invitation: Invitation;
  token: string;
  link: string;
}

async function tell(ctx: Ctx, secret: Secret): Promise<void> {
  const { texts } = ctx;
  const title = texts.t('invitationFor', { email: printable(secret.invitation.email) });
  await tellOnce(ctx.host, texts, title, texts.t('invitationToldOnce'), linkOf(ctx, secret.link));
  ctx.reload();
}

async function invite(ctx: Ctx, roles: readonly Role[]): Promise<void> {
  const { texts } = ctx;
  const email = h('input', { type: 'email', autocomplete: 'off', required: true });
  const box = roleTicks(roles, ['viewer'], texts);
  let secret: Secret | null = null;
  const done = await question(ctx.host, texts, {
    title: texts.t('invite'),
    body: [field(texts.t('email'), email), box.box],
    confirm: texts.t('invite'),
    run: async () => {
      if (!email.value.trim()) {
        email.focus();
        return texts.t('fillIn', { field: texts.t('email') });
      }
      if (!box.values().length) {
        return texts.t('oneRole');
      }
      secret = await ctx.ask<Secret>('InviteMember', { email: email.value.trim(), roles: box.values() });
      return undefined;
    }
  });
  if (done && secret) {
    await tell(ctx, secret);
  }
}

async function resend(ctx: Ctx, item: Invitation): Promise<void> {
  const { texts } = ctx;
  let secret: Secret | null = null;
  const done = await question(ctx.host, texts, {
    title: `${texts.t('resend')}: ${printable(item.email)}`,
    body: [h('p', {}, texts.t('resendHint'))],
    confirm: texts.t('resend'),
    run: async () => {
      secret = await ctx.ask<Secret>('ResendInvitation', { invitation_id: item.invitation_id });
      return undefined;
    }
  });
  if (done && secret) {
    await tell(ctx, secret);
  }
}

async function revoke(ctx: Ctx, item: Invitation): Promise<void> {
  const { texts } = ctx;
  const done = await question(ctx.host, texts, {
    title: `${texts.t('revoke')}: ${printable(item.email)}`,
    body: [h('p', {}, texts.t('revokeInvitationHint'))],
    confirm: texts.t('revoke'),
    danger: true,
    run: async () => {
      await ctx.ask('RevokeInvitation', { invitation_id: item.invitation_id });
      return undefined;
    }
  });
  if (done) {
    ctx.reload();
  }
}

async function draw(ctx: Ctx): Promise<Node[]> {
  const { texts } = ctx;
  const [items, roles] = await Promise.all([
    ctx.ask<Invitation[]>('ListInvitations'),
    ctx.may('member:read') ? ctx.ask<Role[]>('ListRoles') : Promise.resolve([])
  ]);
  const label = (code: string): string =>
    labelOf(roles.find(role => role.code === code)?.labels, texts, code);
  const actions = (item: Invitation): Node =>
    acts(item.email, [
      item.status === 'open' || item.status === 'expired'
        ? button(texts.t('resend'), () => void resend(ctx, item))
        : null,
      item.status === 'open' ? button(texts.t('revoke'), () => void revoke(ctx, item), 'danger') : null
    ]);
  return listing(
    ctx,
    texts.t('invitations'),
    [
      { label: texts.t('email'), cell: i => printable(i.email) },
      { label: texts.t('roles'), cell: i => tags(i.roles.map(label)) },
      { label: texts.t('status'), kind: 'short', cell: i => texts.word('invitation', i.status) },
      { label: texts.t('invitedBy'), cell: i => printable(i.invited_by) },
      { label: texts.t('validUntil'), kind: 'short', cell: i => time(i.expires_at, texts) },
      { label: texts.t('actions'), kind: 'actions', cell: actions }
    ],
    items,
    i => `${i.email} ${i.roles.join(' ')} ${texts.word('invitation', i.status)}`,
    [texts.t('noInvitations'), texts.t('noInvitationsHint')],
    [button(texts.t('invite'), () => void invite(ctx, roles), 'main')]
  );
}

export const invitationsRoom: Room = {
  id: 'invitations',
  label: 'invitations',
  needs: ['member:invite'],
  draw
};
