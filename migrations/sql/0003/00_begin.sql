-- Functions of alm_definer are made or replaced in the files between this one and 99_end.sql; only so long may it create.
GRANT CREATE ON SCHEMA alm TO alm_definer;
-- Whoever puts a trigger on a table must be allowed to call its function, and the owner is not by itself.
SET LOCAL ROLE alm_definer;
GRANT EXECUTE ON FUNCTION alm.audit(), alm.bury() TO alm_owner;
RESET ROLE;
