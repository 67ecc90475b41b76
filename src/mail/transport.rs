//! How mails leave: by SMTP, or as `.eml` files in a folder when no server is configured.
