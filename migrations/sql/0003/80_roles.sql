-- Roles that came with an organisation follow what they may do now; nobody can change them, so nothing of anybody's is lost.
SET LOCAL ROLE alm_definer;
UPDATE alm.roles r SET privileges = r.privileges || ARRAY(SELECT p FROM unnest(n.added) p WHERE p <> ALL (r.privileges))
FROM (VALUES
  ('engineer', ARRAY['artifact:comment', 'artifact:attach']),
  ('reviewer', ARRAY['artifact:comment', 'artifact:attach']),
  ('manager', ARRAY['planning:manage', 'artifact:moderate'])
) AS n (code, added)
WHERE r.built_in AND r.code = n.code AND NOT r.privileges @> n.added;
RESET ROLE;
