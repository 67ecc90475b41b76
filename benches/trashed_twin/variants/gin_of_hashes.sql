-- The first two addresses: an expression cannot hash as many as there are.
CREATE INDEX contacts_twin ON contacts USING gin ((ARRAY[hashtextextended(external_id, 0),
    hashtextextended(folded ->> 'vat_number', 0), hashtextextended(email_keys[1], 0), hashtextextended(email_keys[2], 0)])) WHERE deleted_at IS NOT NULL;
