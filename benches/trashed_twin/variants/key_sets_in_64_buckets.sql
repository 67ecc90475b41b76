CREATE TABLE twin_keys (account_id uuid, bucket integer, deletion_id uuid, hashes integer[], ids uuid[]);
CREATE INDEX twin_keys_bucket ON twin_keys (account_id, bucket);
CREATE OR REPLACE PROCEDURE stamp(account uuid, deletion uuid, ids uuid[]) LANGUAGE plpgsql AS $$
BEGIN
    WITH binned AS (
        UPDATE contacts SET deleted_at = transaction_timestamp(), deletion_id = deletion,
            purge_at = transaction_timestamp() + interval '30 days', version = version + 1
            WHERE account_id = account AND id = ANY(ids)
            RETURNING id, hashtext(external_id) AS external_id, hashtext(folded ->> 'vat_number') AS vat_number, hashtext(email_keys[1]) AS email)
    INSERT INTO twin_keys SELECT account, hash & 63, deletion, array_agg(hash), array_agg(id) FROM (
            SELECT external_id AS hash, id FROM binned WHERE external_id IS NOT NULL
            UNION ALL SELECT vat_number, id FROM binned WHERE vat_number IS NOT NULL
            UNION ALL SELECT email, id FROM binned WHERE email IS NOT NULL) AS keys GROUP BY hash & 63;
END $$;
