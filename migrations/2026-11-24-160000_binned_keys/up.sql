-- By which the trashed twins of a new record are found: for each set of records that went into the bin together, and
-- still lie there, 32-bit fingerprints (hashtext) of their external ids, folded VAT numbers and folded e-mail addresses.
-- Written with the chunk that deletes; much cheaper than an entry a record in an index over the bin
-- (docs/adr/0005-trashed-twin-index.md). Which record a fingerprint is of, the records themselves tell.
CREATE TABLE binned_keys (
    account_id uuid NOT NULL,
    entity text NOT NULL,
    deletion_id uuid NOT NULL,
    first_id uuid NOT NULL,
    last_id uuid NOT NULL,
    records integer NOT NULL,
    external_ids integer[] NOT NULL,
    vat_numbers integer[] NOT NULL,
    emails integer[] NOT NULL,
    CONSTRAINT binned_keys_pkey PRIMARY KEY (account_id, entity, deletion_id, first_id),
    CONSTRAINT binned_keys_entity CHECK (entity IN ('contact', 'company'))
);
-- Random numbers do not compress, and are read whole.
ALTER TABLE binned_keys ALTER external_ids SET STORAGE EXTERNAL, ALTER vat_numbers SET STORAGE EXTERNAL,
    ALTER emails SET STORAGE EXTERNAL;
-- Large sets are few, and read from end to end; small ones (single deletions) may be many.
CREATE INDEX binned_keys_large ON binned_keys (account_id, entity) WHERE records > 100;
CREATE INDEX binned_keys_small ON binned_keys USING gin (account_id, external_ids, vat_numbers, emails) WHERE records <= 100;

-- What lies in the bin already.
WITH binned AS (
    SELECT account_id, 'contact' AS entity, deletion_id, id, external_id, folded ->> 'vat_number' AS vat_number, email_keys
    FROM contacts WHERE deleted_at IS NOT NULL
    UNION ALL
    SELECT account_id, 'company', deletion_id, id, external_id, folded ->> 'vat_number', email_keys
    FROM companies WHERE deleted_at IS NOT NULL
), parts AS MATERIALIZED (
    SELECT *, (row_number() OVER (PARTITION BY account_id, entity, deletion_id ORDER BY id) - 1) / 2000 AS part FROM binned
), addresses AS (
    SELECT account_id, entity, deletion_id, part, array_agg(hashtext(address)) AS emails
    FROM parts, unnest(email_keys) AS address GROUP BY account_id, entity, deletion_id, part
), sets AS (
    SELECT account_id, entity, deletion_id, part, array_agg(id ORDER BY id) AS ids,
        array_remove(array_agg(hashtext(external_id)), NULL) AS external_ids,
        array_remove(array_agg(hashtext(vat_number)), NULL) AS vat_numbers
    FROM parts GROUP BY account_id, entity, deletion_id, part
)
INSERT INTO binned_keys (account_id, entity, deletion_id, first_id, last_id, records, external_ids, vat_numbers, emails)
SELECT account_id, entity, deletion_id, ids[1], ids[cardinality(ids)], cardinality(ids), external_ids, vat_numbers,
    coalesce(emails, '{}')
FROM sets LEFT JOIN addresses USING (account_id, entity, deletion_id, part);
