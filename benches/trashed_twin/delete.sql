-- A bulk delete of contacts as the engine does it, in one session: sorted ids in chunks of 2,000, for each a transaction
-- that locks the rows, looks for blockers and stamps the rest. The costs are those of the session's own process.

CREATE FUNCTION cpu_us() RETURNS float LANGUAGE sql AS
$$ SELECT split_part(pg_read_file('/proc/self/schedstat'), ' ', 1)::float / 1000 $$;

CREATE TABLE measured (records int, lock_us float, blockers_us float, stamp_us float, all_us float, wal bigint);

-- A variant may replace it.
CREATE PROCEDURE stamp(account uuid, deletion uuid, ids uuid[]) LANGUAGE plpgsql AS $$
BEGIN
    UPDATE contacts SET deleted_at = transaction_timestamp(), deletion_id = deletion,
        purge_at = transaction_timestamp() + interval '30 days', version = version + 1
        WHERE account_id = account AND id = ANY(ids);
END $$;

CREATE PROCEDURE delete_in_chunks(account uuid, chosen text) LANGUAGE plpgsql AS $$
DECLARE
    -- EXECUTE plans anew for each chunk, as the service does; the UPDATE is prepared, as there.
    lock_rows constant text := 'SELECT array_agg(id) FROM (SELECT id, deleted_at FROM unnest($2) AS wanted (wanted_id)
        JOIN contacts ON id = wanted_id WHERE account_id = $1 AND id BETWEEN $3 AND $4 ORDER BY id FOR UPDATE OF contacts)
        AS locked WHERE deleted_at IS NULL';
    branch constant text := 'SELECT %1$s AS record_id, count(DISTINCT %2$s), (array_agg(DISTINCT %2$s ORDER BY %2$s))[1:5]
        FROM unnest($2) AS wanted (record_id) JOIN %3$s ON %1$s = wanted.record_id
        WHERE account_id = $1 AND %1$s BETWEEN $3 AND $4 %4$s GROUP BY %1$s';
    find_blockers text;
    ids uuid[];
    chunk uuid[];
    live uuid[];
    blocked uuid[];
    stamped uuid[];
    deletion uuid := gen_random_uuid();
    began float;
    at float[];
    spent float[] := '{0,0,0}';
    wal pg_lsn := pg_current_wal_lsn();
    records int := 0;
    first int := 1;
BEGIN
    find_blockers := 'SELECT coalesce(array_agg(DISTINCT record_id), ''{}'') FROM ('
        || format(branch, 'customer_contact_id', 'id', 'deals', 'AND deleted_at IS NULL') || ' UNION ALL '
        || format(branch, 'contact_person_id', 'id', 'deals', 'AND deleted_at IS NULL') || ' UNION ALL '
        || format(branch, 'customer_contact_id', 'id', 'invoices', '') || ' UNION ALL '
        || format(branch, 'attention_of_id', 'id', 'invoices', '') || ' UNION ALL '
        || format(branch, 'subject_contact_id', 'id', 'time_trackings', '') || ' UNION ALL '
        || format(branch, 'customer_contact_id', 'project_id', 'project_customers', '') || ') AS blockers';
    EXECUTE 'SELECT array_agg(id ORDER BY id) FROM contacts WHERE account_id = $1 AND deleted_at IS NULL AND ' || chosen
        INTO ids USING account;
    COMMIT;
    began := cpu_us();
    WHILE first <= cardinality(ids) LOOP
        chunk := ids[first:first + 1999];
        first := first + 2000;
        at := ARRAY[cpu_us()];
        EXECUTE lock_rows INTO live USING account, chunk, chunk[1], chunk[cardinality(chunk)];
        at := at || cpu_us();
        EXECUTE find_blockers INTO blocked USING account, live, live[1], live[cardinality(live)];
        at := at || cpu_us();
        stamped := ARRAY(SELECT unnest(live) EXCEPT SELECT unnest(blocked) ORDER BY 1);
        at := at || cpu_us();
        CALL stamp(account, deletion, stamped);
        COMMIT;
        at := at || cpu_us();
        spent := ARRAY[spent[1] + at[2] - at[1], spent[2] + at[3] - at[2], spent[3] + at[5] - at[4]];
        records := records + cardinality(stamped);
    END LOOP;
    INSERT INTO measured VALUES (records, spent[1], spent[2], spent[3], cpu_us() - began, pg_current_wal_lsn() - wal);
END $$;
