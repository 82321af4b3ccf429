ALTER TABLE runtime.inbox DROP CONSTRAINT IF EXISTS inbox_pkey;
ALTER TABLE runtime.inbox ADD CONSTRAINT inbox_pkey PRIMARY KEY (consumer, identity, received_on);
DELETE FROM onex_migrations WHERE number = 5;
