-- What people say about items, the files they attach, what they watch and what they are told.

-- Everybody's own list. Titles and values are no part of it: what may be seen of an item is asked when it is read.
CREATE TABLE alm.notifications (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  recipient_id uuid NOT NULL,
  kind text NOT NULL,
  project_id uuid,
  entity_type text NOT NULL,
  entity_id uuid NOT NULL,
  actor_id uuid,
  params jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  read_at timestamptz,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, recipient_id) REFERENCES alm.actors,
  FOREIGN KEY (tenant_id, project_id) REFERENCES alm.projects
);
CREATE INDEX notifications_of ON alm.notifications (tenant_id, recipient_id, id DESC);
CREATE INDEX notifications_unread ON alm.notifications (tenant_id, recipient_id, id DESC) WHERE read_at IS NULL;
CREATE INDEX notifications_about ON alm.notifications (tenant_id, entity_id);
CALL alm.isolate('notifications');
CALL alm.standard_triggers('notifications');
GRANT SELECT, INSERT, UPDATE, DELETE ON alm.notifications TO alm_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON alm.notifications TO alm_definer;
GRANT SELECT, DELETE ON alm.notifications TO alm_worker;

-- Who watches what. A row that is not active is somebody who stopped by himself: nothing begins it again unasked.
CREATE TABLE alm.watchers (
  tenant_id uuid NOT NULL,
  artifact_id uuid NOT NULL,
  actor_id uuid NOT NULL,
  why text NOT NULL DEFAULT 'asked' CHECK (why IN ('asked', 'author', 'assignee', 'commenter')),
  active boolean NOT NULL DEFAULT true,
  since timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, artifact_id, actor_id),
  FOREIGN KEY (tenant_id, artifact_id) REFERENCES alm.artifacts ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, actor_id) REFERENCES alm.actors
);
CREATE INDEX watchers_actor ON alm.watchers (tenant_id, actor_id);
CALL alm.isolate('watchers');
CALL alm.standard_triggers('watchers');
GRANT SELECT, INSERT, UPDATE, DELETE ON alm.watchers TO alm_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON alm.watchers TO alm_definer;
GRANT SELECT ON alm.watchers TO alm_worker;
