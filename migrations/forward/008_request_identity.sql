-- Holds the number; replaced by the migration of request identities before anything of this branch is released.
INSERT INTO onex_migrations (number, name) VALUES (8, 'request_identity') ON CONFLICT (number) DO NOTHING;
