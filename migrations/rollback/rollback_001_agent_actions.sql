-- Deletes everything that agents reported. The list of migrations stays: it belongs to the database, not to this table.
DROP TABLE IF EXISTS agent_actions;
DELETE FROM onex_migrations WHERE number = 1;
