CREATE INDEX contacts_twin ON contacts (account_id, hashtextextended(external_id, 0)) WHERE deleted_at IS NOT NULL;
