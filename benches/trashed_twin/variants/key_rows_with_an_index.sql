CREATE TABLE twin_keys (account_id uuid, hash bigint, id uuid, PRIMARY KEY (account_id, hash, id));
CREATE OR REPLACE PROCEDURE stamp(account uuid, deletion uuid, ids uuid[]) LANGUAGE plpgsql AS $$
BEGIN
    WITH binned AS (
        UPDATE contacts SET deleted_at = transaction_timestamp(), deletion_id = deletion,
            purge_at = transaction_timestamp() + interval '30 days', version = version + 1
            WHERE account_id = account AND id = ANY(ids)
            RETURNING id, external_id, folded ->> 'vat_number' AS vat_number, email_keys)
    INSERT INTO twin_keys SELECT account, hashtextextended(key, 0), id
        FROM binned, unnest(email_keys || external_id || vat_number) AS key WHERE key IS NOT NULL ORDER BY 2;
END $$;
