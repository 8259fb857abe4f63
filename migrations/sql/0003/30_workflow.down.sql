DROP TRIGGER withdraw_approvals ON alm.artifacts;
DROP FUNCTION alm.withdraw_approvals();
DROP TABLE alm.workflow_timers, alm.approval_votes, alm.approval_requests;
