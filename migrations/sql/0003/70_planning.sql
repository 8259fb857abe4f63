-- People who work together, across projects. Cycles, releases and areas are items of the process and have no table here.
CREATE TABLE alm.teams (
  tenant_id uuid NOT NULL REFERENCES alm.tenants,
  id uuid NOT NULL,
  name text NOT NULL,
  description text NOT NULL DEFAULT '',
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by uuid,
  updated_at timestamptz NOT NULL DEFAULT now(),
  updated_by uuid,
  version integer NOT NULL DEFAULT 1,
  row_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  deleted_at timestamptz,
  deleted_by uuid,
  PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX teams_name ON alm.teams (tenant_id, lower(name)) WHERE deleted_at IS NULL;

CREATE TABLE alm.team_members (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  team_id uuid NOT NULL,
  actor_id uuid NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by uuid,
  updated_at timestamptz NOT NULL DEFAULT now(),
  updated_by uuid,
  version integer NOT NULL DEFAULT 1,
  row_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, team_id, actor_id),
  FOREIGN KEY (tenant_id, team_id) REFERENCES alm.teams,
  FOREIGN KEY (tenant_id, actor_id) REFERENCES alm.actors
);
CREATE INDEX team_members_actor ON alm.team_members (tenant_id, actor_id);

-- What somebody, or a team as a whole, can take on in a cycle, in the unit of the process's estimates.
CREATE TABLE alm.cycle_capacities (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  project_id uuid NOT NULL,
  cycle_id uuid NOT NULL,
  actor_id uuid,
  team_id uuid,
  amount double precision NOT NULL CHECK (amount >= 0 AND amount < 'Infinity'),
  note text NOT NULL DEFAULT '',
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by uuid,
  updated_at timestamptz NOT NULL DEFAULT now(),
  updated_by uuid,
  version integer NOT NULL DEFAULT 1,
  row_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  PRIMARY KEY (tenant_id, id),
  UNIQUE NULLS NOT DISTINCT (tenant_id, cycle_id, actor_id, team_id),
  CHECK (num_nonnulls(actor_id, team_id) = 1),
  FOREIGN KEY (tenant_id, project_id) REFERENCES alm.projects,
  FOREIGN KEY (tenant_id, cycle_id) REFERENCES alm.artifacts,
  FOREIGN KEY (tenant_id, actor_id) REFERENCES alm.actors,
  FOREIGN KEY (tenant_id, team_id) REFERENCES alm.teams
);

-- Work that was done on an item, as people note it; never changed, only taken back.
CREATE TABLE alm.work_logs (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  project_id uuid NOT NULL,
  artifact_id uuid NOT NULL,
  actor_id uuid NOT NULL,
  hours double precision NOT NULL CHECK (hours > 0 AND hours <= 24),
  worked_on date NOT NULL,
  note text NOT NULL DEFAULT '',
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by uuid,
  updated_at timestamptz NOT NULL DEFAULT now(),
  updated_by uuid,
  version integer NOT NULL DEFAULT 1,
  row_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  deleted_at timestamptz,
  deleted_by uuid,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, project_id) REFERENCES alm.projects,
  FOREIGN KEY (tenant_id, artifact_id) REFERENCES alm.artifacts,
  FOREIGN KEY (tenant_id, actor_id) REFERENCES alm.actors
);
CREATE INDEX work_logs_artifact ON alm.work_logs (tenant_id, artifact_id, worked_on DESC, id DESC);

DO $$
DECLARE
  t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['teams', 'team_members', 'cycle_capacities', 'work_logs'] LOOP
    CALL alm.isolate(t);
    CALL alm.standard_triggers(t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON alm.%I TO alm_app, alm_definer', t);
    EXECUTE format('GRANT SELECT ON alm.%I TO alm_worker', t);
  END LOOP;
END $$;
CALL alm.audit_table('teams', 'Team', true);
CALL alm.audit_table('team_members', 'TeamMember');
CALL alm.audit_table('cycle_capacities', 'CycleCapacity');
CALL alm.audit_table('work_logs', 'WorkLog', true);
