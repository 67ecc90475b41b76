DROP INDEX deletions_deleted_by;
DROP INDEX bulk_actions_detailed;
