-- The decision log is asked by person and by rule; ids are in the order of time.
CREATE INDEX decision_log_actor ON alm.decision_log (tenant_id, actor_id, id);
CREATE INDEX decision_log_rule ON alm.decision_log (tenant_id, rule_id, id);
