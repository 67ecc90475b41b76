-- Two accounts of equal size, made from one contact and one company that the API has stored (their ids stand for
-- TEMPLATE_CONTACT and TEMPLATE_COMPANY). A third of the contacts, companies and deals lies in the bin; what is linked
-- points at live records only. Names, cities, tags and times vary, so that the statistics tell values apart.

-- An id as the service makes it: the time first. `kind` tells tables apart.
CREATE FUNCTION pg_temp.record_id(account int, kind int, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS
    $$ SELECT (lpad(to_hex(1600000000000 + n * 1000), 12, '0') || '7' || lpad(to_hex(kind), 3, '0') || '8'
        || lpad(to_hex(account), 15, '0'))::uuid $$;
-- Number k of the live records, of those numbered from 0 of which every third lies in the bin.
CREATE FUNCTION pg_temp.live(k bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$ SELECT k / 2 * 3 + 1 + k % 2 $$;

CREATE TEMP TABLE accounts (number int, id uuid, start timestamptz);
INSERT INTO accounts VALUES (1, 'ACCOUNT_ONE', now() - interval '80 days'), (2, 'ACCOUNT_TWO', now() - interval '80 days');

-- Foreign keys are looked at by the test, not here.
SET session_replication_role = replica;
SET synchronous_commit = off;
SET maintenance_work_mem = '256MB';

INSERT INTO deletions (account_id, id, deleted_by, deleted_by_name, reason, requested_at, first_purge_at)
SELECT a.id, pg_temp.record_id(a.number, 9, n), 'user-' || n % 7, 'User', 'clean-up', start + n * interval '5 minutes',
    start + n * interval '5 minutes' + interval '90 days'
FROM accounts AS a, generate_series(0, 19999) AS n;

INSERT INTO companies SELECT a.id, pg_temp.record_id(a.number, 2, n), 'C-' || n, 'Company ' || n, t.status, t.emails,
    t.telephones, t.addresses, t.profile, ARRAY['Tag ' || n % 40], t.custom_fields, n % 2 = 0,
    start + n * interval '1 minute', start + n * 7919 % 20000 * interval '1 minute', 1,
    bin.deleted_at, bin.deletion_id, bin.deleted_at + interval '90 days',
    'company ' || lpad((n * 7919 % 20000)::text, 5, '0'), 'company ' || n || E'\ninfo@company' || n || '.example',
    ARRAY['info@company' || n || '.example'], ARRAY['tag ' || n % 40], 'city ' || n % 200,
    (ARRAY['BE', 'NL', 'FR', 'DE', 'LU'])[1 + n % 5], t.folded
FROM accounts AS a CROSS JOIN generate_series(0, 19999) AS n CROSS JOIN companies AS t CROSS JOIN LATERAL (
    SELECT CASE WHEN n % 3 = 0 THEN start + n * interval '5 minutes' END AS deleted_at,
    CASE WHEN n % 3 = 0 THEN pg_temp.record_id(a.number, 9, n) END AS deletion_id) AS bin
WHERE t.id = 'TEMPLATE_COMPANY';

INSERT INTO contacts SELECT a.id, pg_temp.record_id(a.number, 1, n), 'P-' || n, 'First' || n % 300, 'Last' || n % 9973, t.gender,
    date '1950-01-01' + (n % 18000)::int, CASE WHEN n % 11 = 0 THEN 'deactivated' ELSE 'active' END, t.emails, t.telephones, t.addresses,
    t.profile, ARRAY['Tag ' || n % 40, 'Rare ' || n % 2000], t.custom_fields, n % 2 = 0,
    start + n * interval '10 seconds', start + n * 7919 % 200000 * interval '10 seconds', 1,
    bin.deleted_at, bin.deletion_id, bin.deleted_at + interval '90 days',
    'last' || n % 9973 || ' first' || n % 300,
    'first' || n % 300 || ' last' || n % 9973 || E'\nperson' || n || '@example.com',
    ARRAY['person' || n || '@example.com'], ARRAY['tag ' || n % 40, 'rare ' || n % 2000], 'city ' || n % 200,
    (ARRAY['BE', 'NL', 'FR', 'DE', 'LU'])[1 + n / 3 % 5], t.folded
FROM accounts AS a CROSS JOIN generate_series(0, 199999) AS n CROSS JOIN contacts AS t CROSS JOIN LATERAL (
    SELECT CASE WHEN n % 3 = 0 THEN start + n / 3 % 20 * interval '5 minutes' END AS deleted_at,
    CASE WHEN n % 3 = 0 THEN pg_temp.record_id(a.number, 9, n / 3 % 20) END AS deletion_id) AS bin
WHERE t.id = 'TEMPLATE_CONTACT';

-- As the migration that added the table did.
INSERT INTO binned_keys (account_id, entity, deletion_id, first_id, last_id, records, external_ids, vat_numbers, emails)
SELECT account_id, entity, deletion_id, (array_agg(id ORDER BY id))[1], (array_agg(id ORDER BY id DESC))[1], count(*),
    array_agg(hashtext(external_id)), '{}', array_agg(hashtext(email_keys[1]))
FROM (SELECT 'contact' AS entity, account_id, deletion_id, id, external_id, email_keys FROM contacts WHERE deleted_at IS NOT NULL
    UNION ALL SELECT 'company', account_id, deletion_id, id, external_id, email_keys FROM companies WHERE deleted_at IS NOT NULL) AS binned
GROUP BY account_id, entity, deletion_id, CASE WHEN entity = 'contact' THEN ('x' || right(left(id::text, 13), 3))::bit(12)::int % 2 END;

INSERT INTO contact_companies (account_id, contact_id, company_id, decision_maker)
SELECT a.id, pg_temp.record_id(a.number, 1, n), pg_temp.record_id(a.number, 2, n / 10), false
FROM accounts AS a, generate_series(0, 199999) AS n WHERE n % 2 = 0;

INSERT INTO deals (account_id, id, external_id, title, status, customer_contact_id, customer_company_id, contact_person_id,
    created_at, updated_at, version, deleted_at, deletion_id, purge_at, search_text)
SELECT a.id, pg_temp.record_id(a.number, 3, n), 'D-' || n, 'Deal ' || n, 'open',
    CASE WHEN n % 2 = 0 THEN pg_temp.record_id(a.number, 1, pg_temp.live(n * 61 % 16666 * 8)) END,
    CASE WHEN n % 2 = 1 THEN pg_temp.record_id(a.number, 2, pg_temp.live(n * 61 % 13333)) END,
    CASE WHEN n % 4 = 1 THEN pg_temp.record_id(a.number, 1, pg_temp.live(n * 67 % 16666 * 8)) END,
    start, start + n * 7919 % 20000 * interval '1 minute', 1, bin.deleted_at, bin.deletion_id, bin.deleted_at + interval '90 days', 'deal ' || n
FROM accounts AS a CROSS JOIN generate_series(0, 19999) AS n CROSS JOIN LATERAL (
    SELECT CASE WHEN n % 3 = 0 THEN start + n * interval '5 minutes' END AS deleted_at,
    CASE WHEN n % 3 = 0 THEN pg_temp.record_id(a.number, 9, n) END AS deletion_id) AS bin;

INSERT INTO invoices (account_id, id, external_id, invoice_number, status, invoice_date, customer_contact_id, attention_of_id,
    customer_name, created_at, updated_at, version)
SELECT a.id, pg_temp.record_id(a.number, 4, n), 'I-' || n, n::text, 'matched', date '2024-01-01' + (n % 700)::int,
    pg_temp.record_id(a.number, 1, pg_temp.live(n * 71 % 16666 * 8)), pg_temp.record_id(a.number, 1, pg_temp.live(n * 73 % 133333)),
    'Customer', start, start + n * 7919 % 20000 * interval '1 minute', 1
FROM accounts AS a, generate_series(0, 19999) AS n;

INSERT INTO projects (account_id, id, external_id, title, status, created_at, updated_at, version)
SELECT a.id, pg_temp.record_id(a.number, 5, n), 'J-' || n, 'Project ' || n, 'open', start, start + n * 7919 % 20000 * interval '1 minute', 1
FROM accounts AS a, generate_series(0, 19999) AS n;
INSERT INTO project_customers (account_id, project_id, position, customer_contact_id)
SELECT a.id, pg_temp.record_id(a.number, 5, n), 0, pg_temp.record_id(a.number, 1, pg_temp.live(n * 79 % 16666 * 8))
FROM accounts AS a, generate_series(0, 19999) AS n;

INSERT INTO time_trackings (account_id, id, external_id, started_at, duration_seconds, subject_contact_id, created_at, updated_at, version)
SELECT a.id, pg_temp.record_id(a.number, 6, n), 'T-' || n, start, 3600, pg_temp.record_id(a.number, 1, pg_temp.live(n * 83 % 16666 * 8)), start,
    start + n * 7919 % 20000 * interval '1 minute', 1
FROM accounts AS a, generate_series(0, 19999) AS n;

INSERT INTO tickets (account_id, id, external_id, subject, status, customer_contact_id, created_at, updated_at, version)
SELECT a.id, pg_temp.record_id(a.number, 7, n), 'S-' || n, 'Ticket ' || n, 'closed', pg_temp.record_id(a.number, 1, n * 89 % 200000),
    start, start + n * 7919 % 20000 * interval '1 minute', 1
FROM accounts AS a, generate_series(0, 19999) AS n;

-- What ended actions, sent mails, audited requests and stored answers leave behind.
INSERT INTO bulk_actions (account_id, id, action, entity, status, options, notify, target, requested_by, requester, retention_days,
    chunks_total, chunks_done, matched, succeeded, blocked, gone, conflict, changed, unchanged, deactivated, reactivated,
    created_at, started_at, finished_at)
SELECT a.id, pg_temp.record_id(a.number, 8, n), t.action, t.entity, 'completed', t.options, t.notify, t.target, 'user-' || n % 7,
    t.requester, 90, 1, 1, 20, 10, 10, 0, 0, 0, 0, 0, 0, start + n * interval '1 minute', start + n * interval '1 minute',
    start + n * interval '1 minute'
FROM accounts AS a, generate_series(0, 19999) AS n, bulk_actions AS t WHERE t.id = 'TEMPLATE_ACTION';
INSERT INTO bulk_action_chunks (account_id, action_id, number, ids, state, attempts, next_attempt_at)
SELECT a.id, pg_temp.record_id(a.number, 8, n), 0, ARRAY[pg_temp.record_id(a.number, 1, n)], 'done', 0, start
FROM accounts AS a, generate_series(0, 19999) AS n;
INSERT INTO bulk_action_exceptions (account_id, action_id, record_id, outcome)
SELECT a.id, pg_temp.record_id(a.number, 8, n / 10), pg_temp.record_id(a.number, 1, n), 'gone'
FROM accounts AS a, generate_series(0, 39999) AS n;
INSERT INTO outbox (account_id, id, kind, action_id, status, attempts, next_attempt_at, created_at, sent_at)
SELECT a.id, pg_temp.record_id(a.number, 10, n), 'report', pg_temp.record_id(a.number, 8, n), 'sent', 1, start, start, start
FROM accounts AS a, generate_series(0, 19999) AS n;
INSERT INTO audit_log (account_id, id, at, user_id, role, action, outcome, subject_type, subject_id, details)
SELECT a.id, pg_temp.record_id(a.number, 11, n), to_timestamp(1600000000 + n), 'user-' || n % 700, 'admin', t.action, 'accepted',
    'contact', pg_temp.record_id(a.number, 1, n % 5000)::text, t.details
FROM accounts AS a, generate_series(0, 49999) AS n, audit_log AS t WHERE t.action = 'record.restore';
INSERT INTO idempotency_keys (account_id, user_id, method, path, key, body_digest, status, headers, body, names, created_at)
SELECT a.id, 'user-' || n % 7, 'POST', '/contacts', 'key-' || n, '\x00', 201, '[]', '{}', ARRAY[pg_temp.record_id(a.number, 1, n)], now()
FROM accounts AS a, generate_series(0, 19999) AS n;

RESET session_replication_role;
