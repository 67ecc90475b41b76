ALTER TABLE bulk_action_chunks DROP COLUMN twins;
