-- Deletes the inbox: requests that come again after this are answered again. Stop runtime-main and runtime-effects first.
DROP SCHEMA IF EXISTS runtime CASCADE;
DELETE FROM onex_migrations WHERE number = 2;
