-- Who did, or tried to do, what. Rows are only ever added: no role that serves may change or remove one, the owner
-- itself included, until it grants itself the right again (docs/audit.md).
-- An id of a subject is text: a standard segment has a slug.

CREATE TABLE audit_log (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    at timestamptz NOT NULL,
    user_id text,
    role text NOT NULL,
    action text NOT NULL,
    outcome text NOT NULL,
    problem text,
    subject_type text NOT NULL,
    subject_id text,
    request_id text,
    details jsonb NOT NULL,
    CONSTRAINT audit_log_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT audit_log_actor CHECK (role IN ('admin', 'member', 'system') AND (role = 'system') = (user_id IS NULL)),
    CONSTRAINT audit_log_outcome CHECK (outcome IN ('accepted', 'refused') AND (outcome = 'refused') = (problem IS NOT NULL))
);
CREATE INDEX audit_log_by_user ON audit_log (account_id, user_id, id);
CREATE INDEX audit_log_by_subject ON audit_log (account_id, subject_id, id) WHERE subject_id IS NOT NULL;

REVOKE ALL ON audit_log FROM PUBLIC;
REVOKE UPDATE, DELETE, TRUNCATE ON audit_log FROM CURRENT_USER;

-- Only the owner of a table may ANALYZE it (PostgreSQL 17 has a right for it, older ones have not), and the role that
-- serves is not always the owner.
CREATE FUNCTION refresh_statistics(target regclass) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$ BEGIN EXECUTE format('ANALYZE (SKIP_LOCKED) %s', target); END $$;
REVOKE ALL ON FUNCTION refresh_statistics(regclass) FROM PUBLIC;
