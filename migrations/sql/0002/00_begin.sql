-- Functions of alm_definer are made or replaced in the files between this one and 99_end.sql; only so long may it create.
GRANT CREATE ON SCHEMA alm TO alm_definer;
