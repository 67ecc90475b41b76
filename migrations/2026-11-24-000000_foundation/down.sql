DROP TABLE idempotency_keys, outbox, deletions, bulk_action_exceptions, bulk_action_chunks, bulk_actions, segments,
    tickets, time_trackings, project_customers, projects, invoices, deals, contact_companies, contacts, companies,
    account_settings, clock_shift;
DROP EXTENSION btree_gin;
DROP EXTENSION pg_trgm;
