CREATE INDEX contacts_twin ON contacts USING gin (email_keys, external_id, (folded ->> 'vat_number')) WHERE deleted_at IS NOT NULL;
