-- The database's roles, each with the least rights that its work needs. `onexctl migrate roles` runs this file; so does
-- `psql -v ON_ERROR_STOP=1 -f migrations/roles.sql` in the database. It may be run again at any time, and makes later what it could not
-- make before there was a schema. Who runs it is a superuser, or owns the database and what is in it and has CREATEROLE.
--
--   onex_migrate  owns the schema: the migration job alone
--   onex_run      reads and writes rows and calls functions: the services; it can neither make nor drop nor change a table
--   onex_read     reads: operators and dashboards
--
-- They are made without a password, and nobody logs in with them until one is set: ONEX_MIGRATE_PASSWORD, ONEX_RUN_PASSWORD and
-- ONEX_READ_PASSWORD of `onexctl migrate roles`, or \password in psql.

DO $$
DECLARE
  role_name text;
BEGIN
  FOREACH role_name IN ARRAY ARRAY['onex_migrate', 'onex_run', 'onex_read'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
      EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOINHERIT', role_name);
    END IF;
  END LOOP;
  EXECUTE format('GRANT CONNECT ON DATABASE %I TO onex_migrate, onex_run, onex_read', current_database());
  -- The first migrations make a schema.
  EXECUTE format('GRANT CREATE ON DATABASE %I TO onex_migrate', current_database());
END
$$;

CREATE SCHEMA IF NOT EXISTS runtime;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO onex_migrate;
GRANT USAGE ON SCHEMA public, runtime TO onex_run, onex_read;

-- What a superuser has made becomes the migration's, so that it can change it. In `public`, where others may have tables too, only what
-- the migrations make.
DO $$
DECLARE
  item record;
BEGIN
  IF (SELECT nspowner FROM pg_namespace WHERE nspname = 'runtime') <> 'onex_migrate'::regrole THEN
    ALTER SCHEMA runtime OWNER TO onex_migrate;
  END IF;
  FOR item IN
    SELECT n.nspname, c.relname, c.relkind
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v') AND c.relowner <> 'onex_migrate'::regrole
      AND (n.nspname = 'runtime'
        OR (n.nspname = 'public' AND c.relname ~ '^(agent_(actions|routing_decisions|transformation_events|detection_failures|execution_logs|status_events|activity)|router_performance_metrics|onex_migrations)'))
  LOOP
    EXECUTE format('ALTER %s %I.%I OWNER TO onex_migrate', CASE item.relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END,
      item.nspname, item.relname);
  END LOOP;
  FOR item IN
    SELECT p.oid::regprocedure AS name FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
    WHERE p.proowner <> 'onex_migrate'::regrole
      AND (n.nspname = 'runtime' OR (n.nspname = 'public' AND p.proname ~ '^(agent_execution_rank$|observability_)'))
  LOOP
    EXECUTE format('ALTER FUNCTION %s OWNER TO onex_migrate', item.name);
  END LOOP;
END
$$;

-- What there is, and what later migrations make.
DO $$
DECLARE
  item record;
BEGIN
  FOR item IN
    SELECT n.nspname, c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v') AND c.relowner = 'onex_migrate'::regrole AND n.nspname IN ('public', 'runtime')
  LOOP
    EXECUTE format('GRANT SELECT ON %I.%I TO onex_read', item.nspname, item.relname);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I.%I TO onex_run', item.nspname, item.relname);
  END LOOP;
  FOR item IN
    SELECT p.oid::regprocedure AS name FROM pg_proc AS p
    -- The part of observability_maintain that takes any table; its caller runs it as the owner.
    WHERE p.proowner = 'onex_migrate'::regrole AND p.proname <> 'observability_maintain_table'
  LOOP
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO onex_run', item.name);
  END LOOP;
  -- Which migrations were applied is the migration's to say.
  IF to_regclass('public.onex_migrations') IS NOT NULL THEN
    REVOKE INSERT, UPDATE, DELETE ON public.onex_migrations FROM onex_run;
  END IF;
END
$$;

ALTER DEFAULT PRIVILEGES FOR ROLE onex_migrate IN SCHEMA public, runtime GRANT SELECT ON TABLES TO onex_read;
ALTER DEFAULT PRIVILEGES FOR ROLE onex_migrate IN SCHEMA public, runtime GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO onex_run;
ALTER DEFAULT PRIVILEGES FOR ROLE onex_migrate IN SCHEMA public, runtime GRANT USAGE ON SEQUENCES TO onex_run;
ALTER DEFAULT PRIVILEGES FOR ROLE onex_migrate IN SCHEMA public, runtime GRANT EXECUTE ON FUNCTIONS TO onex_run;
