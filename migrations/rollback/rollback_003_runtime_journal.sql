DROP FUNCTION IF EXISTS runtime.lease_lane, runtime.mark_start, runtime.load_streams, runtime.commit_work, runtime.write_projections, runtime.maintain_journal;
DROP TABLE IF EXISTS runtime.streams, runtime.journal_head, runtime.journal, runtime.timers, runtime.projections,
  runtime.effect_starts;
DELETE FROM onex_migrations WHERE number = 3;
