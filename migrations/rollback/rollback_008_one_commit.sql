DROP FUNCTION runtime.commit, runtime.commit_streams;

DELETE FROM onex_migrations WHERE number = 8;
