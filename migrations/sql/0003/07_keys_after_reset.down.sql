DROP INDEX alm.api_keys_user;
SET LOCAL ROLE alm_definer;
DROP FUNCTION alm.keys_revoke_of(uuid);
RESET ROLE;
