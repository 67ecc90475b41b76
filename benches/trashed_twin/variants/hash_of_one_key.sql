CREATE INDEX contacts_twin ON contacts USING hash (hashtextextended(external_id, 0)) WHERE deleted_at IS NOT NULL;
