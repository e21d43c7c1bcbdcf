\set ON_ERROR_STOP on
SET log_statement = 'none';
SET log_min_duration_statement = -1;
SET log_min_error_statement = 'panic';
SET client_min_messages = 'warning';

SELECT 'CREATE ROLE ingot_pool LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'ingot_pool') \gexec
CREATE SCHEMA IF NOT EXISTS ingot;
REVOKE ALL ON SCHEMA ingot FROM PUBLIC;
GRANT USAGE ON SCHEMA ingot TO ingot_pool;
CREATE OR REPLACE FUNCTION ingot.pool_lookup(asked text) RETURNS TABLE (name text, verifier text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $function$
    SELECT rolname::text, rolpassword FROM pg_authid
    WHERE rolname = asked AND rolcanlogin AND NOT rolsuper AND NOT rolreplication
      AND (rolvaliduntil IS NULL OR rolvaliduntil > now())
$function$;
SELECT 'CREATE ROLE ingot_monitor LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'ingot_monitor') \gexec
GRANT pg_monitor TO ingot_monitor;
REVOKE ALL ON FUNCTION ingot.pool_lookup(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ingot.pool_lookup(text) TO ingot_pool;
SELECT 'CREATE ROLE "app" LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'app') \gexec
ALTER ROLE "app" LOGIN PASSWORD 'SCRAM-SHA-256$4096:c2FsdA==$c3RvcmVk:c2VydmVy';
SELECT 'CREATE ROLE "o''neil" LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'o''neil') \gexec
ALTER ROLE "o'neil" LOGIN PASSWORD 'SCRAM-SHA-256$4096:c2FsdA==$c3RvcmVk:c2VydmVy';
SELECT 'CREATE DATABASE "app"' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'app') \gexec
ALTER DATABASE "app" OWNER TO "app";
SELECT 'CREATE DATABASE "my ""data"""' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'my "data"') \gexec
