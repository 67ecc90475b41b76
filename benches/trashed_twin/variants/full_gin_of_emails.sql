-- Not partial: it costs a delete as much, for a delete is never a HOT update.
CREATE INDEX contacts_twin ON contacts USING gin (account_id, email_keys);
