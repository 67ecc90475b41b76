-- Four eyes: a large deletion waits until another admin has decided on it.

-- Until when an approval can be given; who decided, when, how and why. Null: none was needed.
ALTER TABLE bulk_actions ADD COLUMN approval jsonb;
-- Holds the few actions that wait.
CREATE INDEX bulk_actions_awaiting ON bulk_actions (account_id, id) WHERE status = 'awaiting_approval';

-- Chunks of an action that waits are waiting: no index of due work holds them.
ALTER TABLE bulk_action_chunks DROP CONSTRAINT bulk_action_chunks_state;
ALTER TABLE bulk_action_chunks ADD CONSTRAINT bulk_action_chunks_state
    CHECK (state IN ('waiting', 'pending', 'rehearsed', 'done', 'dropped'));

ALTER TABLE account_settings ADD COLUMN approval_above bigint;
ALTER TABLE account_settings ADD COLUMN digest text NOT NULL DEFAULT 'weekly';
ALTER TABLE account_settings ALTER COLUMN digest DROP DEFAULT;
ALTER TABLE account_settings ADD CONSTRAINT account_settings_approval_above CHECK (approval_above >= 1);
ALTER TABLE account_settings ADD CONSTRAINT account_settings_digest CHECK (digest IN ('off', 'daily', 'weekly'));

-- Whom mails to the other admins of an account go to: admins as their tokens told, written once a day.
CREATE TABLE known_admins (
    account_id uuid NOT NULL,
    user_id text NOT NULL,
    email text NOT NULL,
    name text,
    locale text,
    seen_at timestamptz NOT NULL,
    CONSTRAINT known_admins_pkey PRIMARY KEY (account_id, user_id)
);
-- Sweeps all accounts for admins not seen for long; one row an admin.
CREATE INDEX known_admins_seen ON known_admins (seen_at);

-- The latest period for which an account's digest was decided on; one row an account.
CREATE TABLE digest_periods (
    account_id uuid NOT NULL,
    period date NOT NULL,
    CONSTRAINT digest_periods_pkey PRIMARY KEY (account_id)
);

-- A mail is about an action or a period. recipient: the user id of an admin; null: who started the action.
ALTER TABLE outbox ALTER COLUMN action_id DROP NOT NULL;
ALTER TABLE outbox ADD COLUMN recipient text;
ALTER TABLE outbox ADD COLUMN period date;
ALTER TABLE outbox ADD CONSTRAINT outbox_about CHECK (num_nonnulls(action_id, period) = 1);
-- dropped: when it was to leave there was nothing to say any more.
ALTER TABLE outbox DROP CONSTRAINT outbox_status;
ALTER TABLE outbox ADD CONSTRAINT outbox_status CHECK (status IN ('pending', 'sent', 'failed', 'dropped'));
DROP INDEX outbox_one_of_a_kind;
CREATE UNIQUE INDEX outbox_one_of_a_kind ON outbox (account_id, action_id, kind, recipient, period) NULLS NOT DISTINCT;
-- Sweeps all accounts for digests that are long past.
CREATE INDEX outbox_digests ON outbox (period) WHERE period IS NOT NULL;
