-- The tables of Sweep. Rules that hold everywhere:
--   * every key and index starts with account_id, so a row can only meet rows of its own account
--     (the few indexes that sweep all accounts for due work stand on small tables and say so);
--   * no triggers, no defaults that read the clock: version, times and folded columns are set by the statement;
--   * every constraint and index is named: errors are mapped from the names;
--   * indexes that serve live lists are partial (deleted_at IS NULL), indexes under a foreign key are not.

CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS btree_gin;

-- How far the clock of this database is moved; only tests ever write to it.
CREATE TABLE clock_shift (
    id integer NOT NULL,
    shift interval NOT NULL,
    CONSTRAINT clock_shift_pkey PRIMARY KEY (id),
    CONSTRAINT clock_shift_one_row CHECK (id = 1)
);

CREATE TABLE account_settings (
    account_id uuid NOT NULL,
    retention_days integer NOT NULL,
    version bigint NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT account_settings_pkey PRIMARY KEY (account_id),
    CONSTRAINT account_settings_retention_days CHECK (retention_days BETWEEN 1 AND 90)
);

-- Companies and contacts ------------------------------------------------------------------------
-- profile: salutation, website, vat_number, iban, bic, language, payment_term, preferred_currency, remarks (as given).
-- folded:  the folded twins of texts that rules compare but nothing sorts, by field name; texts of the primary
--          address as line_1, postal_code, city; telephones as a list.

CREATE TABLE companies (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    external_id text,
    name text NOT NULL,
    status text NOT NULL,
    emails jsonb NOT NULL,
    telephones jsonb NOT NULL,
    addresses jsonb NOT NULL,
    profile jsonb NOT NULL,
    tags text[] NOT NULL,
    custom_fields jsonb NOT NULL,
    marketing_mails_consent boolean,
    added_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL,
    deleted_at timestamptz,
    deletion_id uuid,
    purge_at timestamptz,
    sort_name text COLLATE "C" NOT NULL,
    search_text text COLLATE "C" NOT NULL,
    email_keys text[] COLLATE "C" NOT NULL,
    tag_keys text[] COLLATE "C" NOT NULL,
    city_key text COLLATE "C",
    country text COLLATE "C",
    folded jsonb NOT NULL,
    CONSTRAINT companies_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT companies_status CHECK (status IN ('active', 'deactivated')),
    CONSTRAINT companies_bin CHECK ((deleted_at IS NULL) = (deletion_id IS NULL) AND (deleted_at IS NULL) = (purge_at IS NULL))
);
CREATE UNIQUE INDEX companies_external_id_live ON companies (account_id, external_id) WHERE deleted_at IS NULL AND external_id IS NOT NULL;
CREATE INDEX companies_name_live ON companies (account_id, sort_name, id) WHERE deleted_at IS NULL;
CREATE INDEX companies_added_live ON companies (account_id, added_at, id) WHERE deleted_at IS NULL;
CREATE INDEX companies_updated_live ON companies (account_id, updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX companies_search_live ON companies USING gin (account_id, search_text gin_trgm_ops) WHERE deleted_at IS NULL;
CREATE INDEX companies_email_live ON companies USING gin (account_id, email_keys) WHERE deleted_at IS NULL;
CREATE INDEX companies_tags_live ON companies USING gin (account_id, tag_keys) WHERE deleted_at IS NULL;
CREATE INDEX companies_city_live ON companies (account_id, city_key) WHERE deleted_at IS NULL AND city_key IS NOT NULL;
CREATE INDEX companies_country_live ON companies (account_id, country) WHERE deleted_at IS NULL AND country IS NOT NULL;
CREATE INDEX companies_bin ON companies (account_id, deletion_id, id) WHERE deleted_at IS NOT NULL;

CREATE TABLE contacts (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    external_id text,
    first_name text,
    last_name text NOT NULL,
    gender text,
    birthdate date,
    status text NOT NULL,
    emails jsonb NOT NULL,
    telephones jsonb NOT NULL,
    addresses jsonb NOT NULL,
    profile jsonb NOT NULL,
    tags text[] NOT NULL,
    custom_fields jsonb NOT NULL,
    marketing_mails_consent boolean,
    added_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL,
    deleted_at timestamptz,
    deletion_id uuid,
    purge_at timestamptz,
    sort_name text COLLATE "C" NOT NULL,
    search_text text COLLATE "C" NOT NULL,
    email_keys text[] COLLATE "C" NOT NULL,
    tag_keys text[] COLLATE "C" NOT NULL,
    city_key text COLLATE "C",
    country text COLLATE "C",
    folded jsonb NOT NULL,
    CONSTRAINT contacts_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT contacts_status CHECK (status IN ('active', 'deactivated')),
    CONSTRAINT contacts_bin CHECK ((deleted_at IS NULL) = (deletion_id IS NULL) AND (deleted_at IS NULL) = (purge_at IS NULL))
);
CREATE UNIQUE INDEX contacts_external_id_live ON contacts (account_id, external_id) WHERE deleted_at IS NULL AND external_id IS NOT NULL;
CREATE INDEX contacts_name_live ON contacts (account_id, sort_name, id) WHERE deleted_at IS NULL;
CREATE INDEX contacts_added_live ON contacts (account_id, added_at, id) WHERE deleted_at IS NULL;
CREATE INDEX contacts_updated_live ON contacts (account_id, updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX contacts_search_live ON contacts USING gin (account_id, search_text gin_trgm_ops) WHERE deleted_at IS NULL;
CREATE INDEX contacts_email_live ON contacts USING gin (account_id, email_keys) WHERE deleted_at IS NULL;
CREATE INDEX contacts_tags_live ON contacts USING gin (account_id, tag_keys) WHERE deleted_at IS NULL;
CREATE INDEX contacts_city_live ON contacts (account_id, city_key) WHERE deleted_at IS NULL AND city_key IS NOT NULL;
CREATE INDEX contacts_country_live ON contacts (account_id, country) WHERE deleted_at IS NULL AND country IS NOT NULL;
CREATE INDEX contacts_bin ON contacts (account_id, deletion_id, id) WHERE deleted_at IS NOT NULL;

CREATE TABLE contact_companies (
    account_id uuid NOT NULL,
    contact_id uuid NOT NULL,
    company_id uuid NOT NULL,
    position text,
    division text,
    decision_maker boolean NOT NULL,
    CONSTRAINT contact_companies_pkey PRIMARY KEY (account_id, contact_id, company_id),
    CONSTRAINT contact_companies_contact_fkey FOREIGN KEY (account_id, contact_id) REFERENCES contacts (account_id, id),
    CONSTRAINT contact_companies_company_fkey FOREIGN KEY (account_id, company_id) REFERENCES companies (account_id, id)
);
CREATE INDEX contact_companies_company ON contact_companies (account_id, company_id, contact_id);

-- Linked records --------------------------------------------------------------------------------
-- A customer (or subject) is a contact or a company: two nullable columns, one of them filled.

CREATE TABLE deals (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    external_id text,
    title text NOT NULL,
    reference text,
    status text NOT NULL,
    customer_contact_id uuid,
    customer_company_id uuid,
    contact_person_id uuid,
    estimated_value_amount numeric(15, 2),
    estimated_value_currency text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL,
    deleted_at timestamptz,
    deletion_id uuid,
    purge_at timestamptz,
    search_text text COLLATE "C" NOT NULL,
    CONSTRAINT deals_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT deals_status CHECK (status IN ('new', 'open', 'won', 'lost')),
    CONSTRAINT deals_one_customer CHECK (num_nonnulls(customer_contact_id, customer_company_id) = 1),
    CONSTRAINT deals_estimated_value CHECK ((estimated_value_amount IS NULL) = (estimated_value_currency IS NULL)),
    CONSTRAINT deals_bin CHECK ((deleted_at IS NULL) = (deletion_id IS NULL) AND (deleted_at IS NULL) = (purge_at IS NULL)),
    CONSTRAINT deals_customer_contact_fkey FOREIGN KEY (account_id, customer_contact_id) REFERENCES contacts (account_id, id),
    CONSTRAINT deals_customer_company_fkey FOREIGN KEY (account_id, customer_company_id) REFERENCES companies (account_id, id),
    CONSTRAINT deals_contact_person_fkey FOREIGN KEY (account_id, contact_person_id) REFERENCES contacts (account_id, id)
);
CREATE UNIQUE INDEX deals_external_id_live ON deals (account_id, external_id) WHERE deleted_at IS NULL AND external_id IS NOT NULL;
CREATE INDEX deals_updated_live ON deals (account_id, updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX deals_customer_contact ON deals (account_id, customer_contact_id);
CREATE INDEX deals_customer_company ON deals (account_id, customer_company_id);
CREATE INDEX deals_contact_person ON deals (account_id, contact_person_id);
CREATE INDEX deals_bin ON deals (account_id, deletion_id, id) WHERE deleted_at IS NOT NULL;

CREATE TABLE invoices (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    external_id text,
    invoice_number text,
    status text NOT NULL,
    invoice_date date NOT NULL,
    customer_contact_id uuid,
    customer_company_id uuid,
    attention_of_id uuid,
    customer_name text NOT NULL,
    customer_vat_number text,
    total_amount numeric(15, 2),
    total_currency text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL,
    CONSTRAINT invoices_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT invoices_status CHECK (status IN ('draft', 'outstanding', 'matched')),
    CONSTRAINT invoices_one_customer CHECK (num_nonnulls(customer_contact_id, customer_company_id) = 1),
    CONSTRAINT invoices_total CHECK ((total_amount IS NULL) = (total_currency IS NULL)),
    CONSTRAINT invoices_customer_contact_fkey FOREIGN KEY (account_id, customer_contact_id) REFERENCES contacts (account_id, id),
    CONSTRAINT invoices_customer_company_fkey FOREIGN KEY (account_id, customer_company_id) REFERENCES companies (account_id, id),
    CONSTRAINT invoices_attention_of_fkey FOREIGN KEY (account_id, attention_of_id) REFERENCES contacts (account_id, id)
);
CREATE UNIQUE INDEX invoices_external_id ON invoices (account_id, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX invoices_updated ON invoices (account_id, updated_at, id);
CREATE INDEX invoices_customer_contact ON invoices (account_id, customer_contact_id);
CREATE INDEX invoices_customer_company ON invoices (account_id, customer_company_id);
CREATE INDEX invoices_attention_of ON invoices (account_id, attention_of_id);

CREATE TABLE projects (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    external_id text,
    title text NOT NULL,
    status text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL,
    CONSTRAINT projects_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT projects_status CHECK (status IN ('open', 'closed'))
);
CREATE UNIQUE INDEX projects_external_id ON projects (account_id, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX projects_updated ON projects (account_id, updated_at, id);

CREATE TABLE project_customers (
    account_id uuid NOT NULL,
    project_id uuid NOT NULL,
    position integer NOT NULL,
    customer_contact_id uuid,
    customer_company_id uuid,
    CONSTRAINT project_customers_pkey PRIMARY KEY (account_id, project_id, position),
    CONSTRAINT project_customers_one_customer CHECK (num_nonnulls(customer_contact_id, customer_company_id) = 1),
    CONSTRAINT project_customers_project_fkey FOREIGN KEY (account_id, project_id) REFERENCES projects (account_id, id),
    CONSTRAINT project_customers_contact_fkey FOREIGN KEY (account_id, customer_contact_id) REFERENCES contacts (account_id, id),
    CONSTRAINT project_customers_company_fkey FOREIGN KEY (account_id, customer_company_id) REFERENCES companies (account_id, id)
);
CREATE INDEX project_customers_contact ON project_customers (account_id, customer_contact_id, project_id);
CREATE INDEX project_customers_company ON project_customers (account_id, customer_company_id, project_id);

CREATE TABLE time_trackings (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    external_id text,
    description text,
    started_at timestamptz NOT NULL,
    duration_seconds integer NOT NULL,
    subject_contact_id uuid,
    subject_company_id uuid,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL,
    CONSTRAINT time_trackings_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT time_trackings_duration CHECK (duration_seconds BETWEEN 0 AND 31536000),
    CONSTRAINT time_trackings_one_subject CHECK (num_nonnulls(subject_contact_id, subject_company_id) = 1),
    CONSTRAINT time_trackings_subject_contact_fkey FOREIGN KEY (account_id, subject_contact_id) REFERENCES contacts (account_id, id),
    CONSTRAINT time_trackings_subject_company_fkey FOREIGN KEY (account_id, subject_company_id) REFERENCES companies (account_id, id)
);
CREATE UNIQUE INDEX time_trackings_external_id ON time_trackings (account_id, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX time_trackings_updated ON time_trackings (account_id, updated_at, id);
CREATE INDEX time_trackings_subject_contact ON time_trackings (account_id, subject_contact_id);
CREATE INDEX time_trackings_subject_company ON time_trackings (account_id, subject_company_id);

CREATE TABLE tickets (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    external_id text,
    subject text NOT NULL,
    description text,
    status text NOT NULL,
    customer_contact_id uuid,
    customer_company_id uuid,
    anonymised_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL,
    CONSTRAINT tickets_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT tickets_status CHECK (status IN ('new', 'open', 'closed')),
    CONSTRAINT tickets_one_customer CHECK (
        num_nonnulls(customer_contact_id, customer_company_id) = CASE WHEN anonymised_at IS NULL THEN 1 ELSE 0 END),
    CONSTRAINT tickets_customer_contact_fkey FOREIGN KEY (account_id, customer_contact_id) REFERENCES contacts (account_id, id),
    CONSTRAINT tickets_customer_company_fkey FOREIGN KEY (account_id, customer_company_id) REFERENCES companies (account_id, id)
);
CREATE UNIQUE INDEX tickets_external_id ON tickets (account_id, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX tickets_updated ON tickets (account_id, updated_at, id);
CREATE INDEX tickets_customer_contact ON tickets (account_id, customer_contact_id);
CREATE INDEX tickets_customer_company ON tickets (account_id, customer_company_id);

-- Segments, bulk actions, deletions -------------------------------------------------------------

CREATE TABLE segments (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    entity text NOT NULL,
    rules jsonb NOT NULL,
    visibility text NOT NULL,
    owner_id text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL,
    CONSTRAINT segments_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT segments_entity CHECK (entity IN ('contact', 'company')),
    CONSTRAINT segments_visibility CHECK (visibility IN ('private', 'shared'))
);

CREATE TABLE bulk_actions (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    action text NOT NULL,
    entity text NOT NULL,
    status text NOT NULL,
    options jsonb NOT NULL,
    notify text NOT NULL,
    reason text,
    target jsonb NOT NULL,
    origin_kind text,
    origin_action_id uuid,
    requested_by text NOT NULL,
    requester jsonb NOT NULL,
    retention_days integer NOT NULL,
    chunks_total integer NOT NULL,
    chunks_done integer NOT NULL,
    matched bigint NOT NULL,
    succeeded bigint NOT NULL,
    blocked bigint NOT NULL,
    gone bigint NOT NULL,
    conflict bigint NOT NULL,
    changed bigint NOT NULL,
    unchanged bigint NOT NULL,
    deactivated bigint NOT NULL,
    reactivated bigint NOT NULL,
    created_at timestamptz NOT NULL,
    started_at timestamptz,
    finished_at timestamptz,
    restorable_until timestamptz,
    failure text,
    CONSTRAINT bulk_actions_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT bulk_actions_entity CHECK (entity IN ('contact', 'company', 'deal')),
    CONSTRAINT bulk_actions_adds_up CHECK (
        succeeded + blocked + gone + conflict + changed + unchanged + deactivated + reactivated <= matched AND chunks_done <= chunks_total)
);
-- An action is undone once, and a dry run executed once: the second caller is told the first's id.
CREATE UNIQUE INDEX bulk_actions_one_successor ON bulk_actions (account_id, origin_action_id, origin_kind)
    WHERE origin_kind IN ('undo', 'execute');

CREATE TABLE bulk_action_chunks (
    account_id uuid NOT NULL,
    action_id uuid NOT NULL,
    number integer NOT NULL,
    ids uuid[] NOT NULL,
    state text NOT NULL,
    attempts integer NOT NULL,
    next_attempt_at timestamptz NOT NULL,
    CONSTRAINT bulk_action_chunks_pkey PRIMARY KEY (account_id, action_id, number),
    CONSTRAINT bulk_action_chunks_state CHECK (state IN ('pending', 'rehearsed', 'done', 'dropped')),
    CONSTRAINT bulk_action_chunks_action_fkey FOREIGN KEY (account_id, action_id) REFERENCES bulk_actions (account_id, id)
);
ALTER TABLE bulk_action_chunks ALTER COLUMN ids SET STORAGE EXTERNAL;
-- Sweeps all accounts for due work; holds unfinished chunks only.
CREATE INDEX bulk_action_chunks_due ON bulk_action_chunks (account_id, action_id, number) INCLUDE (next_attempt_at) WHERE state = 'pending';

CREATE TABLE bulk_action_exceptions (
    account_id uuid NOT NULL,
    action_id uuid NOT NULL,
    record_id uuid NOT NULL,
    outcome text NOT NULL,
    blockers jsonb,
    conflict_with uuid,
    CONSTRAINT bulk_action_exceptions_pkey PRIMARY KEY (account_id, action_id, record_id)
);
CREATE INDEX bulk_action_exceptions_outcome ON bulk_action_exceptions (account_id, action_id, outcome, record_id);

CREATE TABLE deletions (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    deleted_by text NOT NULL,
    deleted_by_name text,
    reason text,
    requested_at timestamptz NOT NULL,
    first_purge_at timestamptz,
    CONSTRAINT deletions_pkey PRIMARY KEY (account_id, id)
);
-- Sweeps all accounts for what is past its purge_at; one row a deletion.
CREATE INDEX deletions_due ON deletions (first_purge_at) WHERE first_purge_at IS NOT NULL;

-- Outbox and idempotency ------------------------------------------------------------------------

CREATE TABLE outbox (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,
    action_id uuid NOT NULL,
    status text NOT NULL,
    attempts integer NOT NULL,
    next_attempt_at timestamptz NOT NULL,
    lease_token uuid,
    leased_until timestamptz,
    last_error text,
    created_at timestamptz NOT NULL,
    sent_at timestamptz,
    CONSTRAINT outbox_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT outbox_status CHECK (status IN ('pending', 'sent', 'failed')),
    CONSTRAINT outbox_action_fkey FOREIGN KEY (account_id, action_id) REFERENCES bulk_actions (account_id, id)
);
CREATE UNIQUE INDEX outbox_one_of_a_kind ON outbox (account_id, action_id, kind);
-- Sweeps all accounts for mails that are due; holds unsent ones only.
CREATE INDEX outbox_due ON outbox (next_attempt_at) WHERE status = 'pending';

CREATE TABLE idempotency_keys (
    account_id uuid NOT NULL,
    user_id text NOT NULL,
    method text NOT NULL,
    path text NOT NULL,
    key text NOT NULL,
    body_digest bytea NOT NULL,
    status integer NOT NULL,
    headers jsonb NOT NULL,
    body text NOT NULL,
    names uuid[] NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (account_id, user_id, method, path, key)
);
-- A stored answer goes with the records it names.
CREATE INDEX idempotency_keys_names ON idempotency_keys USING gin (account_id, names);
-- Sweeps all accounts for keys past their 24 hours.
CREATE INDEX idempotency_keys_created ON idempotency_keys (created_at);

ALTER TABLE contacts SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.01);
ALTER TABLE companies SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.01);
ALTER TABLE bulk_action_chunks SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.01);
ALTER TABLE bulk_action_exceptions SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.01);
