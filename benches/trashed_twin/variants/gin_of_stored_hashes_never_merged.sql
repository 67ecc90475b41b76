ALTER TABLE contacts ADD twin_keys integer[];
UPDATE contacts SET twin_keys = ARRAY[hashtext(external_id), hashtext(email_keys[1])];
VACUUM FULL ANALYZE contacts;
CREATE INDEX contacts_twin ON contacts USING gin (twin_keys) WITH (gin_pending_list_limit = 1000000) WHERE deleted_at IS NOT NULL;
