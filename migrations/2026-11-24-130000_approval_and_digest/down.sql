DELETE FROM outbox WHERE kind <> 'report';
DROP INDEX outbox_digests;
DROP INDEX outbox_one_of_a_kind;
CREATE UNIQUE INDEX outbox_one_of_a_kind ON outbox (account_id, action_id, kind);
ALTER TABLE outbox DROP CONSTRAINT outbox_status;
UPDATE outbox SET status = 'failed' WHERE status = 'dropped';
ALTER TABLE outbox ADD CONSTRAINT outbox_status CHECK (status IN ('pending', 'sent', 'failed'));
ALTER TABLE outbox DROP CONSTRAINT outbox_about;
ALTER TABLE outbox DROP COLUMN period;
ALTER TABLE outbox DROP COLUMN recipient;
ALTER TABLE outbox ALTER COLUMN action_id SET NOT NULL;

DROP TABLE digest_periods, known_admins;

ALTER TABLE account_settings DROP CONSTRAINT account_settings_digest;
ALTER TABLE account_settings DROP CONSTRAINT account_settings_approval_above;
ALTER TABLE account_settings DROP COLUMN digest;
ALTER TABLE account_settings DROP COLUMN approval_above;

-- What waits or was turned down deleted nothing: that is a cancelled action.
UPDATE bulk_action_chunks SET state = 'dropped' WHERE state = 'waiting';
UPDATE bulk_actions SET status = 'cancelled', finished_at = coalesce(finished_at, created_at)
    WHERE status IN ('awaiting_approval', 'rejected', 'lapsed');
ALTER TABLE bulk_action_chunks DROP CONSTRAINT bulk_action_chunks_state;
ALTER TABLE bulk_action_chunks ADD CONSTRAINT bulk_action_chunks_state
    CHECK (state IN ('pending', 'rehearsed', 'done', 'dropped'));
DROP INDEX bulk_actions_awaiting;
ALTER TABLE bulk_actions DROP COLUMN approval;
