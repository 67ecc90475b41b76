CREATE INDEX contacts_twin ON contacts USING brin (hashtextextended(external_id, 0) int8_bloom_ops) WHERE deleted_at IS NOT NULL;
