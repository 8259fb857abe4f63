SET LOCAL ROLE alm_definer;
UPDATE alm.roles r
SET privileges = ARRAY(SELECT p FROM unnest(r.privileges) WITH ORDINALITY u (p, n)
                       WHERE p <> ALL (ARRAY['artifact:comment', 'artifact:attach', 'planning:manage', 'artifact:moderate'])
                       ORDER BY n)
WHERE r.built_in
  AND r.privileges && ARRAY['artifact:comment', 'artifact:attach', 'planning:manage', 'artifact:moderate'];
RESET ROLE;
