//! The log: one JSON line a request, the cause of what went wrong once, and nothing that tells of a person.

use diesel::connection::SimpleConnection;
use serde_json::json;

use crate::harness::{ACCOUNT, Claims, Client, SweepProcess, TestDatabase};

#[test]
fn one_line_a_request_without_anything_personal() {
    let database = TestDatabase::create();
    let service = SweepProcess::start_with(&database, &["--log", "debug"]);
    let admin = service.admin();
    let id = [("x-request-id", "req-1")];
    let body = json!({"last_name": "Geheimmann", "emails": [{"type": "primary", "email": "geheim@example.com"}],
        "remarks": "owes Geheimfrau money", "external_id": "geheim-7"});
    let created = admin.json("POST", "/contacts", &id, body).expect(201);
    let contact = format!("/contacts/{}", created["id"].as_str().unwrap());
    let lines = service.log_of("req-1", 1);
    assert_eq!(lines.len(), 1, "{lines:?}");
    let line = &lines[0];
    for (name, value) in [
        ("method", json!("POST")),
        ("route", json!("/contacts")),
        ("status", json!(201)),
        ("operation", json!("create_contact")),
        ("account_id", json!(ACCOUNT)),
        ("level", json!("INFO")),
    ] {
        assert_eq!(line[name], value, "{line}");
    }
    assert!(line["duration_ms"].is_u64() && line["timestamp"].is_string());

    let stranger = Client::new(service.address, Some(Claims::member().with("email", "geheim@example.com").token()));
    for path in ["/contacts?q=Geheimmann", "/contacts?email=geheim%40example.com", "/geheim/Geheimmann", &contact] {
        stranger.get(path);
    }
    admin.json("PATCH", &contact, &[("if-match", "\"geheim\"")], json!({"last_name": "Geheimfrau"}));
    admin.post("/contacts", json!({"last_name": "Geheim", "external_id": "geheim-7"})).refused("external-id-taken");
    admin.post("/contacts", json!({"Geheimfeld": "Geheim"})).refused("validation-failed");
    admin.send("POST", "/contacts", &[("content-type", "application/json")], b"{\"last_name\": \"Geheim".to_vec());
    admin.csv("/contacts/import", "last_name,email\nGeheim,geheim@\nGeheimmann,geheim2@example.com\n").expect(200);
    admin.delete(&format!("{contact}?reason=Geheimgrund")).expect(204);
    admin.json("GET", "/me", &[("x-request-id", "last")], json!({}));
    service.log_of("last", 1);
    let log = service.log();
    assert!(!log.to_lowercase().contains("geheim"), "{log}");
    assert!(!log.contains(&Claims::admin().token()[..20]), "{log}");
    let strange = log.lines().find(|line| serde_json::from_str::<serde_json::Value>(line).is_err());
    assert_eq!(strange, None);
}

#[test]
fn a_cause_is_logged_once_and_names_no_value() {
    let database = TestDatabase::create();
    let service = SweepProcess::start(&database);
    let admin = service.admin();
    database
        .connect()
        .batch_execute(
            "ALTER TABLE contacts ADD CONSTRAINT no_secrets CHECK (last_name <> 'Geheimmann');
             ALTER TABLE companies ADD number integer;
             CREATE FUNCTION number() RETURNS trigger LANGUAGE plpgsql AS
                 $$ BEGIN NEW.number = NEW.name; RETURN NEW; END $$;
             CREATE TRIGGER number BEFORE INSERT ON companies FOR EACH ROW EXECUTE FUNCTION number();",
        )
        .unwrap();
    for (id, path, body, cause) in [
        ("req-check", "/contacts", json!({"last_name": "Geheimmann"}), "no_secrets"),
        ("req-value", "/companies", json!({"name": "Geheimmann"}), "invalid input syntax for type integer"),
    ] {
        admin.json("POST", path, &[("x-request-id", id)], body).refused("internal");
        let lines = service.log_of(id, 2);
        let errors: Vec<_> = lines.iter().filter(|line| line["level"] == "ERROR").collect();
        assert_eq!((lines.len(), errors.len()), (2, 1), "{lines:?}");
        assert!(errors[0]["cause"].as_str().unwrap().contains(cause), "{}", errors[0]);
    }
    assert!(!service.log().contains("Geheim"), "{}", service.log());
}
