-- Steps that wait for the agreement of others, who agreed, and steps that the system takes when their time has come.

-- `requirements`: [{roles, count, reason}]; `fields` are the values that come along with the step. A request is over when
-- its status is no longer open; `closed_by` is nobody where a change of the item withdrew it.
CREATE TABLE alm.approval_requests (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  project_id uuid NOT NULL,
  artifact_id uuid NOT NULL,
  transition_id text NOT NULL,
  from_state text NOT NULL,
  to_state text NOT NULL,
  reason text,
  fields jsonb NOT NULL DEFAULT '{}',
  requirements jsonb NOT NULL,
  requested_by uuid NOT NULL,
  person_id uuid NOT NULL,  -- who stands behind a key; the same as requested_by for people
  manifest_version_id uuid NOT NULL,
  status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'approved', 'rejected', 'withdrawn')),
  closed_at timestamptz,
  closed_by uuid,
  closing_reason text,
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by uuid,
  updated_at timestamptz NOT NULL DEFAULT now(),
  updated_by uuid,
  version integer NOT NULL DEFAULT 1,
  row_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  PRIMARY KEY (tenant_id, id),
  CHECK ((status = 'open') = (closed_at IS NULL)),
  FOREIGN KEY (tenant_id, project_id) REFERENCES alm.projects,
  FOREIGN KEY (tenant_id, artifact_id) REFERENCES alm.artifacts,
  FOREIGN KEY (tenant_id, requested_by) REFERENCES alm.actors,
  FOREIGN KEY (tenant_id, person_id) REFERENCES alm.actors,
  FOREIGN KEY (tenant_id, manifest_version_id) REFERENCES alm.manifest_versions
);
CREATE UNIQUE INDEX approval_requests_open ON alm.approval_requests (tenant_id, artifact_id, transition_id)
  WHERE status = 'open';
CREATE INDEX approval_requests_artifact ON alm.approval_requests (tenant_id, artifact_id, id DESC);
CREATE INDEX approval_requests_status ON alm.approval_requests (tenant_id, status, id DESC);

CREATE TABLE alm.approval_votes (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  approval_id uuid NOT NULL,
  artifact_id uuid NOT NULL,  -- who may see the item may see what was said
  actor_id uuid NOT NULL,
  verdict text NOT NULL CHECK (verdict IN ('approve', 'reject')),
  roles text[] NOT NULL,  -- those of the asked roles that the actor held then
  reason text,
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by uuid,
  updated_at timestamptz NOT NULL DEFAULT now(),
  updated_by uuid,
  version integer NOT NULL DEFAULT 1,
  row_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, approval_id, actor_id),
  FOREIGN KEY (tenant_id, approval_id) REFERENCES alm.approval_requests ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, artifact_id) REFERENCES alm.artifacts,
  FOREIGN KEY (tenant_id, actor_id) REFERENCES alm.actors
);

-- One row for each step that leaves the present state of an item by itself.
CREATE TABLE alm.workflow_timers (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  project_id uuid NOT NULL,
  artifact_id uuid NOT NULL,
  state text NOT NULL,
  transition_id text NOT NULL,
  due_at timestamptz NOT NULL,
  attempts integer NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by uuid,
  updated_at timestamptz NOT NULL DEFAULT now(),
  updated_by uuid,
  version integer NOT NULL DEFAULT 1,
  row_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, artifact_id, transition_id),
  FOREIGN KEY (tenant_id, project_id) REFERENCES alm.projects,
  FOREIGN KEY (tenant_id, artifact_id) REFERENCES alm.artifacts ON DELETE CASCADE
);
CREATE INDEX workflow_timers_due ON alm.workflow_timers (due_at);
CREATE INDEX workflow_timers_project ON alm.workflow_timers (tenant_id, project_id);

DO $$
DECLARE
  t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['approval_requests', 'approval_votes', 'workflow_timers'] LOOP
    CALL alm.isolate(t);
    CALL alm.standard_triggers(t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON alm.%I TO alm_app, alm_definer', t);
    EXECUTE format('GRANT SELECT ON alm.%I TO alm_worker', t);
  END LOOP;
END $$;
GRANT UPDATE ON alm.workflow_timers TO alm_worker;
CALL alm.audit_table('approval_requests', 'ApprovalRequest');
CALL alm.audit_table('approval_votes', 'ApprovalVote');

-- What was agreed to is the item as it was: a request ends with a change of what people looked at (not of its place in a
-- list or of who works on it), whoever makes the change and by whatever way.
CREATE FUNCTION alm.withdraw_approvals() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, alm, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM alm.approval_requests WHERE status = 'open') THEN
    RETURN NULL;
  END IF;
  -- planned each time: a plan for one changed row, kept, would compare each of many thousands with every other
  EXECUTE $sql$
    UPDATE alm.approval_requests r
       SET status = 'withdrawn', closed_at = now(), closing_reason = 'changed'
      FROM before o JOIN changed n ON n.tenant_id = o.tenant_id AND n.id = o.id
     WHERE r.tenant_id = n.tenant_id AND r.artifact_id = n.id AND r.status = 'open'
       AND (o.title, o.fields, o.state, o.type_id, o.project_id, o.deleted_at)
           IS DISTINCT FROM (n.title, n.fields, n.state, n.type_id, n.project_id, n.deleted_at)
  $sql$;
  RETURN NULL;
END $$;
CREATE TRIGGER withdraw_approvals AFTER UPDATE ON alm.artifacts REFERENCING OLD TABLE AS before NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION alm.withdraw_approvals();
