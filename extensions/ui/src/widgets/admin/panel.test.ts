import { afterEach, describe, expect, it, vi } from 'vitest';

import { type Ask, ProblemError, type Values } from '../ask';
import { make } from '../index';
import { bytes } from './organisation';
import { grants } from './room';

const MARKUP = '<script>alert(1)</script>';
const ME = {
  display_name: 'Ada',
  email: 'ada@acme.example',
  tenant_name: 'Acme',
  tenant_slug: 'acme',
  actor_id: 'a1',
  user_id: 'u1'
};
const ROLES = [
  {
    code: 'viewer',
    labels: { en: 'Viewer', tr: 'İzleyici' },
    implies: [],
    privileges: ['project:read'],
    built_in: true,
    version: 1
  },
  {
    code: 'auditor',
    labels: { en: MARKUP },
    implies: ['viewer'],
    privileges: ['audit:read'],
    built_in: false,
    version: 4
  }
];
const MEMBERS = [
  {
    membership_id: 'm1',
    user_id: 'u1',
    email: 'ada@acme.example',
    display_name: 'Ada',
    status: 'active',
    roles: ['viewer'],
    version: 1,
    created_at: '2026-01-01T00:00:00Z'
  },
  {
    membership_id: 'm2',
    user_id: 'u2',
    email: 'bob@acme.example',
    display_name: MARKUP,
    status: 'suspended',
    roles: ['auditor'],
    version: 7,
    created_at: '2026-01-01T00:00:00Z'
  }
];

type Answers = Record<string, (values: Values) => unknown>;
const asked: [string, Values][] = [];

async function show(privileges: string[], answers: Answers = {}, open = 'members'): Promise<ShadowRoot> {
  const all: Answers = {
    Me: () => ({ ...ME, privileges }),
    ListMembers: () => MEMBERS,
    ListRoles: () => ROLES,
    ...answers
  };
  const face = make('alm-admin-panel', { lang: 'en', open, place: 'https://alm.example' });
  face.ask = (async (message: string, values: Values = {}) => {
    asked.push([message, values]);
    const answer = all[message];
    return answer
      ? answer(values)
      : Promise.reject(new ProblemError({ title: 'No', status: 403, detail: message }));
  }) as Ask;
  document.body.append(face);
  const root = face.shadowRoot as ShadowRoot;
  await vi.waitFor(() => expect(root.querySelector('.loading')).toBeNull());
  return root;
}

const tabs = (root: ShadowRoot): string[] =>
  [...root.querySelectorAll('[role="tab"]')].map(tab => tab.textContent ?? '');
const named = (root: ShadowRoot, text: string): HTMLButtonElement =>
  [...root.querySelectorAll('button')].find(
    item => item.textContent === text || item.getAttribute('aria-label') === text
  ) as HTMLButtonElement;
const confirm = (root: ShadowRoot): boolean =>
  (root.querySelector('dialog form') as HTMLFormElement).dispatchEvent(
    new Event('submit', { cancelable: true, bubbles: true })
  );

afterEach(() => {
  document.body.innerHTML = '';
  asked.length = 0;
});

describe('<alm-admin-panel>', () => {
  it('shows the parts that the privileges allow, and nothing at all without any', async () => {
    expect(tabs(await show(['*']))).toEqual([
      'Members',
      'Invitations',
      'Roles',
      'API keys',
      'Refusals',
      'Sign-ins',
      'Organisation'
    ]);
    document.body.innerHTML = '';
    expect(tabs(await show(['member:read']))).toEqual(['Members', 'Roles']);
    document.body.innerHTML = '';
    const root = await show(['artifact:read']);
    expect(root.textContent).toContain('There is nothing here for you');
    expect(asked.at(-1)?.[0]).toBe('Me');
  });

  it('offers changes only to who may make them', async () => {
    const root = await show(['member:read']);
    expect(root.querySelector('td.actions')).toBeNull();
  });

  it('shows members as text and changes roles by the version that was seen', async () => {
    const root = await show(['*'], { UpdateMember: () => ({}) });
    expect(root.textContent).toContain(MARKUP);
    expect(root.querySelector('script')).toBeNull();
    named(root, `Roles: ${MARKUP}`).click();
    const boxes = [...root.querySelectorAll<HTMLInputElement>('dialog input')];
    expect(boxes.map(box => box.checked)).toEqual([false, true]);
    boxes.forEach(box => (box.checked = false));
    confirm(root);
    await vi.waitFor(() =>
      expect(root.querySelector('dialog [role="alert"]')?.textContent).toBe('Choose at least one role.')
    );
    (boxes[0] as HTMLInputElement).checked = true;
    confirm(root);
    await vi.waitFor(() => expect(root.querySelector('dialog')).toBeNull());
    expect(asked.find(([name]) => name === 'UpdateMember')?.[1]).toEqual({
      membership_id: 'm2',
      expected_version: 7,
      roles: ['viewer']
    });
  });

  it('keeps a refused change open with the reason', async () => {
    const root = await show(['*'], {
      RemoveMember: () =>
        Promise.reject(new ProblemError({ title: 'No', status: 409, detail: 'The last owner stays' }))
    });
    named(root, `Remove: ${MARKUP}`).click();
    confirm(root);
    await vi.waitFor(() =>
      expect(root.querySelector('dialog')?.textContent).toContain('The last owner stays')
    );
  });

  it('tells an invitation’s link once, as an address that can be sent', async () => {
    const invitation = {
      invitation_id: 'i1',
      email: 'eve@acme.example',
      roles: ['viewer'],
      status: 'open',
      invited_by: 'Ada',
      created_at: '2026-01-01T00:00:00Z',
      expires_at: '2026-01-08T00:00:00Z'
    };
    const items: unknown[] = [];
    const root = await show(
      ['*'],
      {
        ListInvitations: () => items,
        InviteMember: () => {
          items.push(invitation);
          return { invitation, token: 't0k', link: 'invite?token=t0k' };
        }
      },
      'invitations'
    );
    expect(root.textContent).toContain('No invitations yet');
    named(root, 'Invite').click();
    const email = root.querySelector<HTMLInputElement>('dialog input[type="email"]') as HTMLInputElement;
    expect(root.activeElement).toBe(email);
    email.value = 'eve@acme.example';
    confirm(root);
    await vi.waitFor(() =>
      expect(root.querySelector('.secret code')?.textContent).toBe('https://alm.example/invite?token=t0k')
    );
    named(root, 'Close').click();
    await vi.waitFor(() => expect(root.querySelector('tbody')?.textContent).toContain('eve@acme.example'));
    expect(root.innerHTML).not.toContain('t0k');
  });

  it('walks through its tabs by arrows', async () => {
    const root = await show(['*'], { ListInvitations: () => [] });
    const [members, invitations] = [...root.querySelectorAll<HTMLElement>('[role="tab"]')];
    members?.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight', bubbles: true }));
    expect(root.activeElement).toBe(invitations);
    expect(invitations?.getAttribute('aria-selected')).toBe('true');
    await vi.waitFor(() => expect(root.textContent).toContain('No invitations yet'));
  });

  it('shows one part’s refusal without losing the others', async () => {
    const root = await show(['*'], {}, 'signins');
    expect(root.querySelector('[role="alert"]')?.textContent).toContain('ListSignIns');
    expect(tabs(root)).toHaveLength(7);
  });
});

describe('privileges', () => {
  it('are granted by code, by resource and by everything', () => {
    expect([grants(['a:read'], 'a:read'), grants(['a:*'], 'a:read'), grants(['*'], 'a:read')]).toEqual([
      true,
      true,
      true
    ]);
    expect([grants(['a:read'], 'a:write'), grants(['b:*'], 'a:read'), grants([], 'a:read')]).toEqual([
      false,
      false,
      false
    ]);
  });
});

describe('sizes', () => {
  it('are told with the unit that keeps them short', () => {
    expect([bytes(0, 'en'), bytes(1536, 'en'), bytes(5 * 1024 ** 3, 'tr')]).toEqual([
      '0 B',
      '1.5 KiB',
      '5 GiB'
    ]);
  });
});
