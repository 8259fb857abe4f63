DROP INDEX alm.decision_log_actor;
DROP INDEX alm.decision_log_rule;
