-- What the delete alone pays when somebody else merges the pending list: run.sh shows what that takes.
CREATE INDEX contacts_twin ON contacts USING gin (email_keys, external_id, (folded ->> 'vat_number'))
    WITH (gin_pending_list_limit = 1000000) WHERE deleted_at IS NOT NULL;
