DROP FUNCTION runtime.commit, runtime.commit_streams;

ALTER FUNCTION runtime.mark_start(text, text, integer, bigint, uuid, uuid) RESET enable_seqscan;

DELETE FROM onex_migrations WHERE number = 7;
