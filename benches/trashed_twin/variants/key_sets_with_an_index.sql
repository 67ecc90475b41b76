-- The sets' fingerprints in an index too; never merged, as above.
CREATE INDEX binned_keys_all ON binned_keys USING gin (external_ids, vat_numbers, emails) WITH (gin_pending_list_limit = 1000000);
CREATE OR REPLACE PROCEDURE stamp(account uuid, deletion uuid, ids uuid[]) LANGUAGE plpgsql AS $$
BEGIN
    WITH binned AS (
        UPDATE contacts SET deleted_at = transaction_timestamp(), deletion_id = deletion,
            purge_at = transaction_timestamp() + interval '30 days', version = version + 1
            WHERE account_id = account AND id = ANY(ids)
            RETURNING hashtext(external_id) AS external_id, hashtext(folded ->> 'vat_number') AS vat_number,
                hashtext(email_keys[1]) AS email,
                CASE WHEN cardinality(email_keys) > 1 THEN array_to_string(email_keys[2:], E'\n') END AS further)
    INSERT INTO binned_keys (account_id, entity, deletion_id, first_id, last_id, records, external_ids, vat_numbers, emails)
        SELECT account, 'contact', deletion, ids[1], ids[cardinality(ids)], count(*),
            array_remove(coalesce(array_agg(external_id), '{}'), NULL),
            array_remove(coalesce(array_agg(vat_number), '{}'), NULL),
            array_remove(coalesce(array_agg(email), '{}') || ARRAY(SELECT hashtext(address)
                FROM unnest(string_to_array(string_agg(further, E'\n'), E'\n')) AS address), NULL)
        FROM binned;
END $$;
