-- Of a restore: pairs of ids, a record of the chunk and the one of the whole set that keeps the external_id they share.
ALTER TABLE bulk_action_chunks ADD COLUMN twins uuid[];
