CREATE INDEX contacts_twin_external_id ON contacts (account_id, hashtextextended(external_id, 0))
    WHERE deleted_at IS NOT NULL AND external_id IS NOT NULL;
CREATE INDEX contacts_twin_vat_number ON contacts (account_id, hashtextextended(folded ->> 'vat_number', 0))
    WHERE deleted_at IS NOT NULL AND folded ? 'vat_number';
-- The first address alone: further ones would need an index each.
CREATE INDEX contacts_twin_email ON contacts (account_id, hashtextextended(email_keys[1], 0))
    WHERE deleted_at IS NOT NULL AND email_keys[1] IS NOT NULL;
