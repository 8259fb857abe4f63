-- Functions that alm_definer owns are dropped by itself (SET LOCAL ROLE alm_definer); replacing one needs this too.
GRANT CREATE ON SCHEMA alm TO alm_definer;
