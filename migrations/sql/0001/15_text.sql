-- Text search in Turkish and English at once. No embedded build has ICU, so the Turkish i is handled by hand.
-- unaccent and pg_trgm are optional: a server may lack them, and everything still works with a little less forgiveness.
DO $$
DECLARE
  wanted text;
BEGIN
  FOREACH wanted IN ARRAY ARRAY['unaccent', 'pg_trgm'] LOOP
    IF EXISTS (SELECT FROM pg_available_extensions WHERE name = wanted) THEN
      BEGIN
        EXECUTE format('CREATE EXTENSION IF NOT EXISTS %I SCHEMA alm', wanted);
      EXCEPTION WHEN insufficient_privilege THEN
        RAISE NOTICE 'extension % may not be created here; going on without it', wanted;
      END;
    END IF;
  END LOOP;
END $$;

-- IŞIK -> ışık, İstanbul -> istanbul, on any locale of the database.
CREATE FUNCTION alm.tr_lower(value text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN lower(translate(value, 'IİŞĞÜÇÖ', 'ıişğüçö'));

-- Every i the same, accents gone where unaccent is present: what one types on any keyboard finds it.
DO $$
DECLARE
  home text := (SELECT quote_ident(nspname) FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace
                WHERE extname = 'unaccent' AND (nspname = 'alm' OR has_schema_privilege('alm_app', n.oid, 'USAGE')));
  folded text := 'lower(translate(value, ''IİıŞĞÜÇÖ'', ''iiişğüçö''))';
BEGIN
  IF home IS NOT NULL THEN
    folded := format('%s.unaccent(%L::regdictionary, %s)', home, home || '.unaccent', folded);
  END IF;
  EXECUTE 'CREATE FUNCTION alm.fold(value text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN ' || folded;
END $$;

-- What is indexed for one artifact: its key, its title, and a body of texts that no access rule masks.
CREATE FUNCTION alm.search_vector(key text, title text, body text) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN setweight(to_tsvector('simple', alm.fold(key)), 'A')
    || setweight(to_tsvector('turkish', alm.tr_lower(left(title, 2000))), 'B')
    || setweight(to_tsvector('english', lower(left(title, 2000))), 'B')
    || setweight(to_tsvector('simple', alm.fold(left(title, 2000))), 'B')
    || setweight(to_tsvector('turkish', alm.tr_lower(left(COALESCE(body, ''), 50000))), 'C')
    || setweight(to_tsvector('english', lower(left(COALESCE(body, ''), 50000))), 'C')
    || setweight(to_tsvector('simple', alm.fold(left(COALESCE(body, ''), 50000))), 'C');

-- One word or quoted phrase in the three readings; `word*` searches for a beginning.
CREATE FUNCTION alm.search_term(term text) RETURNS tsquery LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, alm, pg_temp AS $$
DECLARE
  start_of_word text := quote_literal(alm.fold(rtrim(term, '*')));
BEGIN
  IF term ~ '^[[:alnum:]]+\*$' THEN
    RETURN to_tsquery('simple', start_of_word || ':*');
  END IF;
  RETURN phraseto_tsquery('turkish', alm.tr_lower(term)) || phraseto_tsquery('english', lower(term))
      || phraseto_tsquery('simple', alm.fold(term));
END $$;

-- A search box: words are joined by AND, `or` between words, -word excludes, "a phrase", word*.
-- Each word is read three ways before they are joined, so that English and Turkish words may be mixed.
CREATE FUNCTION alm.search_query(query text) RETURNS tsquery LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, alm, pg_temp AS $$
DECLARE
  parts text[];
  term tsquery;
  conjunction tsquery := ''::tsquery;
  result tsquery := ''::tsquery;
BEGIN
  FOR parts IN SELECT regexp_matches(left(query, 1000), '(-?)(?:"([^"]*)"|([^\s"]+))', 'g') LOOP
    IF lower(parts[3]) IN ('or', 'veya') THEN
      result := result || conjunction;
      conjunction := ''::tsquery;
      CONTINUE;
    END IF;
    term := alm.search_term(COALESCE(parts[2], parts[3]));
    IF numnode(term) > 0 THEN
      conjunction := conjunction && CASE parts[1] WHEN '-' THEN !!term ELSE term END;
    END IF;
  END LOOP;
  RETURN result || conjunction;
END $$;
