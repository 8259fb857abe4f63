/** The messages that the widgets send, with their routes; a test holds this table to the declarations. */
export const ROUTES = {
  AcceptInvitation: ['POST', 'invitations/accept'],
  CreateApiKey: ['POST', 'api-keys'],
  CreateRole: ['POST', 'roles'],
  DeleteRole: ['DELETE', 'roles/{code}'],
  DiffSnapshots: ['GET', 'audit/{entity_type}/{entity_id}/diff'],
  EntityHistory: ['GET', 'audit/{entity_type}/{entity_id}/history'],
  GetSnapshot: ['GET', 'audit/{entity_type}/{entity_id}/snapshots/{version}'],
  GetSubscription: ['GET', 'tenant/subscription'],
  GetTenant: ['GET', 'tenant'],
  InviteMember: ['POST', 'invitations'],
  IssuePasswordReset: ['POST', 'members/{membership_id}/password-reset'],
  ListApiKeys: ['GET', 'api-keys'],
  ListDecisions: ['GET', 'audit/decisions'],
  ListInvitations: ['GET', 'invitations'],
  ListMembers: ['GET', 'members'],
  ListMyTenants: ['GET', 'auth/tenants'],
  ListPrivileges: ['GET', 'privileges'],
  ListRoles: ['GET', 'roles'],
  ListSignIns: ['GET', 'audit/sign-ins'],
  Me: ['GET', 'auth/me'],
  RemoveMember: ['DELETE', 'members/{membership_id}'],
  ResendInvitation: ['POST', 'invitations/{invitation_id}/resend'],
  RevokeApiKey: ['DELETE', 'api-keys/{key_id}'],
  RevokeInvitation: ['DELETE', 'invitations/{invitation_id}'],
  RotateApiKey: ['POST', 'api-keys/{key_id}/rotate'],
  SwitchTenant: ['POST', 'auth/switch-tenant'],
  UpdateMember: ['PATCH', 'members/{membership_id}'],
  UpdateRole: ['PATCH', 'roles/{code}'],
  UpdateTenant: ['PATCH', 'tenant']
} as const satisfies Record<string, readonly [string, string]>;

export type MessageName = keyof typeof ROUTES;
