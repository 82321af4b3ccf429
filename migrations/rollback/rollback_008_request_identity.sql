DROP FUNCTION IF EXISTS runtime.claim_executions, runtime.release_executions;
DROP TABLE IF EXISTS runtime.execution_claims;
DELETE FROM onex_migrations WHERE number = 8;
