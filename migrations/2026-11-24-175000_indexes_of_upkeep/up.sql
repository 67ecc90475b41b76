-- Sweeps all accounts for actions whose details are past their time; holds those that have any.
CREATE INDEX bulk_actions_detailed ON bulk_actions (finished_at) WHERE target <> '{}';
-- The recycle bin by who deleted.
CREATE INDEX deletions_deleted_by ON deletions (account_id, deleted_by, id);
