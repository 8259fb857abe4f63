-- What people say about items, the files they attach, what they watch and what they are told.

CREATE TABLE alm.comments (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  artifact_id uuid NOT NULL,
  parent_id uuid,
  text text NOT NULL,
  format text NOT NULL DEFAULT 'plain' CHECK (format IN ('plain', 'rich')),
  original text,  -- a rich text as it came, where cleaning changed it
  mentions uuid[] NOT NULL DEFAULT '{}',
  occurred_at timestamptz NOT NULL DEFAULT now(),
  edited_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by uuid,
  updated_at timestamptz NOT NULL DEFAULT now(),
  updated_by uuid,
  version integer NOT NULL DEFAULT 1,
  row_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  deleted_at timestamptz,
  deleted_by uuid,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, artifact_id) REFERENCES alm.artifacts,
  FOREIGN KEY (tenant_id, parent_id) REFERENCES alm.comments
);
CREATE INDEX comments_artifact ON alm.comments (tenant_id, artifact_id, occurred_at, id);
CREATE INDEX comments_parent ON alm.comments (tenant_id, parent_id) WHERE parent_id IS NOT NULL;
CALL alm.isolate('comments');
CALL alm.standard_triggers('comments');
CALL alm.audit_table('comments', 'Comment', true);
GRANT SELECT, INSERT, UPDATE, DELETE ON alm.comments TO alm_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON alm.comments TO alm_definer;
GRANT SELECT ON alm.comments TO alm_worker;

-- What is known of attached files; contents lie outside the database under their hash. Whatever a row here names, in the
-- bin or not, is kept (storage/blob_upkeep.py).
CREATE TABLE alm.attachments (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  artifact_id uuid NOT NULL,
  name text NOT NULL,
  revision integer NOT NULL DEFAULT 1,
  content_type text NOT NULL,
  size bigint NOT NULL,
  sha256 text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by uuid,
  updated_at timestamptz NOT NULL DEFAULT now(),
  updated_by uuid,
  version integer NOT NULL DEFAULT 1,
  row_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  deleted_at timestamptz,
  deleted_by uuid,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, artifact_id, name, revision),
  FOREIGN KEY (tenant_id, artifact_id) REFERENCES alm.artifacts
);
CREATE INDEX attachments_content ON alm.attachments (tenant_id, sha256);
CALL alm.isolate('attachments');
CALL alm.standard_triggers('attachments');
CALL alm.audit_table('attachments', 'Attachment', true);
GRANT SELECT, INSERT, UPDATE, DELETE ON alm.attachments TO alm_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON alm.attachments TO alm_definer;
GRANT SELECT ON alm.attachments TO alm_worker;

-- What the current tenant keeps, in bytes: texts as they are stored, each content once.
SET LOCAL ROLE alm_definer;
CREATE OR REPLACE FUNCTION alm.storage_used() RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, alm, pg_temp AS $$
  SELECT (
    SELECT COALESCE(sum(pg_column_size(a.title) + pg_column_size(a.fields) + pg_column_size(a.originals)
                        + COALESCE(pg_column_size(a.search_text), 0)), 0)
    FROM alm.artifacts a WHERE a.tenant_id = alm.current_tenant()
  ) + (
    SELECT COALESCE(sum(pg_column_size(v.source) + pg_column_size(v.compiled)), 0)
    FROM alm.manifest_versions v WHERE v.tenant_id = alm.current_tenant()
  ) + (
    SELECT COALESCE(sum(pg_column_size(c.text) + COALESCE(pg_column_size(c.original), 0)), 0)
    FROM alm.comments c WHERE c.tenant_id = alm.current_tenant()
  ) + (
    SELECT COALESCE(sum(f.size), 0)
    FROM (SELECT DISTINCT sha256, size FROM alm.attachments t WHERE t.tenant_id = alm.current_tenant()) f
  )
$$;
RESET ROLE;

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

-- Organisations that are there already get the new rights with the roles that came with them, and archived projects stand
-- still for what is new too.
SET LOCAL ROLE alm_definer;
UPDATE alm.roles SET privileges = privileges || '{artifact:comment,artifact:attach}'
 WHERE built_in AND code IN ('engineer', 'reviewer') AND NOT privileges @> '{artifact:comment}';
UPDATE alm.roles SET privileges = privileges || '{artifact:moderate}'
 WHERE built_in AND code = 'manager' AND NOT privileges @> '{artifact:moderate}';
UPDATE alm.tenant_policies SET definition = jsonb_set(definition, '{events}', definition -> 'events' || '["comment", "attach"]')
 WHERE code = 'archived_projects_stand_still' AND NOT definition -> 'events' ? 'comment';
RESET ROLE;
