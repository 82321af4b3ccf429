DELETE FROM onex_migrations WHERE number = 8;
