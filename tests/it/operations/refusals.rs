//! A configuration that cannot work is refused at the start, in one sentence that says what to do.

use std::net::TcpListener;

use diesel::connection::SimpleConnection;

use crate::harness::process::{outcome, sweep};
use crate::harness::{SECRET, TestDatabase};

/// Starts the service with this environment; it has to refuse.
#[track_caller]
fn refusal(arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let data = tempfile::tempdir().unwrap();
    let mut command = sweep(&[&["serve"], arguments].concat());
    command.env("SWEEP_DATA_DIR", data.path()).env("SWEEP_LISTEN", "127.0.0.1:0");
    for (name, value) in environment {
        command.env(name, value);
    }
    let (succeeded, said) = outcome(command);
    assert!(!succeeded, "{said}");
    // Its log is on the same stream: what is left is the sentence.
    let sentences: Vec<&str> = said.lines().filter(|line| !line.starts_with('{')).collect();
    assert_eq!(sentences.len(), 1, "{said}");
    assert!(sentences[0].starts_with("sweep: ") && sentences[0].len() < 400, "{said}");
    sentences[0].to_owned()
}

#[test]
fn without_a_secret_only_this_machine_may_reach_it() {
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:80"] {
        let said = refusal(&["--listen", address], &[("DATABASE_URL", "postgresql:///none")]);
        assert!(said.contains("SWEEP_JWT_SECRET") && said.contains("openssl rand"), "{said}");
    }
}

#[test]
fn secrets_that_protect_nothing() {
    let database = TestDatabase::create();
    let url = database.url();
    let said = refusal(&[], &[("DATABASE_URL", &url), ("SWEEP_JWT_SECRET", &"x".repeat(31))]);
    assert!(said.contains("at least 32 bytes"), "{said}");
    let key = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----\n";
    let said = refusal(&[], &[("DATABASE_URL", &url), ("SWEEP_JWT_SECRET", key)]);
    assert!(said.contains("public key") && said.contains("SWEEP_JWT_PUBLIC_KEY_FILE"), "{said}");
    let said = refusal(&[], &[("DATABASE_URL", &url), ("SWEEP_JWT_ALGORITHM", "RS256")]);
    assert!(said.contains("SWEEP_JWT_PUBLIC_KEY_FILE"), "{said}");
    let said = refusal(
        &[],
        &[("DATABASE_URL", &url), ("SWEEP_JWT_ALGORITHM", "RS256"), ("SWEEP_JWT_PUBLIC_KEY_FILE", "/no/such/file")],
    );
    assert!(said.contains("/no/such/file"), "{said}");
}

#[test]
fn a_port_that_is_taken() {
    let database = TestDatabase::create();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let said = refusal(&["--listen", &address], &[("DATABASE_URL", &database.url()), ("SWEEP_JWT_SECRET", SECRET)]);
    assert!(said.contains(&address) && said.contains("SWEEP_LISTEN"), "{said}");
}

#[test]
fn a_database_that_is_away() {
    for url in
        ["postgresql://127.0.0.1:1/sweep", "postgresql:///sweep?host=/no/such/folder", "postgresql://[", "nonsense"]
    {
        let said = refusal(&[], &[("DATABASE_URL", url), ("SWEEP_JWT_SECRET", SECRET)]);
        assert!(said.contains("cannot reach the database") && said.contains("DATABASE_URL"), "{said}");
    }
}

#[test]
fn a_database_that_is_not_utf8() {
    let database = TestDatabase::empty();
    let mut maintenance = TestDatabase::maintenance();
    maintenance.batch_execute(&format!("DROP DATABASE {}", database.name)).unwrap();
    let create =
        format!("CREATE DATABASE {} TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'", database.name);
    maintenance.batch_execute(&create).unwrap();
    let said = refusal(&[], &[("DATABASE_URL", &database.url()), ("SWEEP_JWT_SECRET", SECRET)]);
    assert!(said.contains("LATIN1") && said.contains("ENCODING 'UTF8'"), "{said}");
}

#[test]
fn origins_and_mail_addresses_that_are_none() {
    let database = TestDatabase::create();
    for origin in
        ["crm.example.com", "*", "https://crm.example.com/", "https://", "null", "https://a.test,ftp://b.test"]
    {
        let said = refusal(
            &[],
            &[("DATABASE_URL", &database.url()), ("SWEEP_JWT_SECRET", SECRET), ("SWEEP_CORS_ORIGINS", origin)],
        );
        assert!(said.contains("SWEEP_CORS_ORIGINS") && said.contains("https://crm.example.com"), "{said}");
    }
    refusal(&[], &[("DATABASE_URL", &database.url()), ("SWEEP_JWT_SECRET", SECRET), ("SMTP_URL", "http://mail")]);
    refusal(&[], &[("DATABASE_URL", &database.url()), ("SWEEP_JWT_SECRET", SECRET), ("SWEEP_MAIL_FROM", "nobody")]);
}
