DROP TABLE alm.work_logs, alm.cycle_capacities, alm.team_members, alm.teams;
