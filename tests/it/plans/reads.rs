//! Lists, pages from their middle, filters, searches, counts, single records.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::guard::{FEW, Guard, PAGE, WHOLE};

pub fn all(guard: &mut Guard) {
    for table in ["contacts", "companies"] {
        parties(guard, table);
    }
    linked_records(guard);
    bin(guard);
    segments(guard);
    rest(guard);
}

/// The address of the page that starts after `key`, of which a cursor holds the mark of its list and a key.
fn page_from(guard: &Guard, path: &str, key: &Value) -> String {
    let first = guard.admin.get(path).expect(200);
    let cursor = first["page"]["next_cursor"].as_str().unwrap();
    let mut cursor: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(cursor).unwrap()).unwrap();
    cursor[1] = key.clone();
    format!("{path}&cursor={}", URL_SAFE_NO_PAD.encode(cursor.to_string()))
}

fn parties(guard: &mut Guard, table: &str) {
    let middle = if table == "contacts" { 100_000 } else { 10_000 };
    let external_id = format!("{}-{middle}", if table == "contacts" { "P" } else { "C" });
    let mut column = |name: &str| guard.column(table, &external_id, name);
    let (id, name, added, updated) = (column("id"), column("sort_name"), column("added_at"), column("updated_at"));
    for (sort, key) in [
        ("name", json!({"Name": [name, id]})),
        ("added_at", json!({"Time": [added, id]})),
        ("updated_at", json!({"Time": [updated, id]})),
    ] {
        for sort in [sort.to_owned(), format!("-{sort}")] {
            let path = format!("/{table}?sort={sort}");
            guard.get(&path, table, PAGE);
            let deep = page_from(guard, &path, &key);
            guard.get(&deep, table, PAGE);
        }
    }
    guard.get(&format!("/{table}?with_total=true&limit=1"), table, WHOLE);
    guard.get(&format!("/{table}?q=example&limit=10"), table, FEW);
    guard.get(&format!("/{table}?tags=tag%203"), table, FEW);
    guard.get(&format!("/{table}?status=active"), table, PAGE);
    guard.get(&format!("/{table}?updated_since=2100-01-01T00:00:00Z"), table, PAGE);
    guard.get(&format!("/{table}?ids={id}"), table, PAGE);
    guard.get(&format!("/{table}/{id}"), table, PAGE);
    guard.get(&format!("/{table}/{id}/deletability"), table, PAGE);
    if table == "contacts" {
        let company = guard.column("companies", "C-10000", "id");
        guard.get("/contacts?q=person12345", table, PAGE);
        guard.get("/contacts?q=first12%20last9", table, FEW);
        guard.get("/contacts?email=person100000%40example.com", table, PAGE);
        guard.get("/contacts?tags=rare%2077", table, PAGE);
        guard.get(&format!("/contacts?company_id={company}"), table, PAGE);
    } else {
        guard.get("/companies?q=company10000", table, PAGE);
        guard.get("/companies?email=info%40company10000.example", table, PAGE);
    }
}

fn linked_records(guard: &mut Guard) {
    let contact = guard.column("deals", "D-10000", "customer_contact_id");
    for (path, table, external_id) in [
        ("deals", "deals", "D-10000"),
        ("invoices", "invoices", "I-10000"),
        ("projects", "projects", "J-10000"),
        ("time-trackings", "time_trackings", "T-10000"),
        ("tickets", "tickets", "S-10000"),
    ] {
        let (id, updated) = (guard.column(table, external_id, "id"), guard.column(table, external_id, "updated_at"));
        for (sort, key) in [("created_at", json!({"Created": id})), ("updated_at", json!({"Updated": [updated, id]}))] {
            for sort in [sort.to_owned(), format!("-{sort}")] {
                let path = format!("/{path}?sort={sort}");
                guard.get(&path, table, PAGE);
                let deep = page_from(guard, &path, &key);
                guard.get(&deep, table, PAGE);
            }
        }
        guard.get(&format!("/{path}/{id}"), table, PAGE);
        guard.get(&format!("/{path}?contact_id={contact}"), table, PAGE);
    }
}

/// These statements are planned anew each time.
fn bin(guard: &mut Guard) {
    let (deletion, id) =
        (guard.column("contacts", "P-99999", "deletion_id"), guard.column("contacts", "P-99999", "id"));
    guard.once("/recycle-bin?limit=50", "contacts", PAGE);
    let deep = page_from(guard, "/recycle-bin?limit=50", &json!([deletion, id]));
    guard.once(&deep, "contacts", PAGE);
    guard.once("/recycle-bin?type=contact", "contacts", PAGE);
    guard.once(&format!("/recycle-bin?deletion_id={deletion}"), "contacts", PAGE);
    guard.once(&format!("/recycle-bin/{id}"), "contacts", PAGE);
    guard.once("/recycle-bin?deleted_by=user-3", "contacts", FEW);
    guard.once("/recycle-bin?with_total=true", "contacts", WHOLE);
    // The bin has no index of words or times: it is read, not more.
    guard.once("/recycle-bin?q=person3000", "contacts", WHOLE / 2);
    guard.once("/recycle-bin?deleted_before=2100-01-01T00:00:00Z", "contacts", WHOLE / 2);
}

fn segments(guard: &mut Guard) {
    for (field, operator, value, most) in [
        ("city", "equals", "City 7", FEW),
        ("country", "equals", "BE", WHOLE),
        ("tags", "has_any", "Rare 77", FEW),
        ("email", "equals", "person100000@example.com", FEW),
    ] {
        let value = if operator == "has_any" { json!([value]) } else { json!(value) };
        let rules = json!([{"field": field, "operator": operator, "value": value}]);
        let body = json!({"name": field, "entity": "contact", "match": "all", "rules": rules, "visibility": "shared"});
        let segment = guard.admin.post("/segments", body).expect(201)["id"].as_str().unwrap().to_owned();
        guard.once(&format!("/contacts?segment_id={segment}"), "contacts", FEW);
        let count = format!("/segments/{segment}/count");
        guard.once(&count, "contacts", most);
        let preview = json!({"entity": "contact", "match": "all", "rules": rules});
        guard.watch("a preview", "contacts", most, |guard| guard.admin.post("/segments/preview", preview).expect(200));
    }
    for standard in ["all-contacts", "deactivated-contacts", "unlinked-contacts", "contacts-without-email"] {
        guard.once(&format!("/segments/{standard}/count"), "contacts", WHOLE);
    }
}

fn rest(guard: &mut Guard) {
    let (subject, action) = (guard.column("contacts", "P-77", "id"), guard.action.clone());
    guard.get("/audit-log?limit=50", "audit_log", PAGE);
    guard.get("/audit-log?actor=user-77", "audit_log", PAGE);
    guard.get(&format!("/audit-log?subject_id={subject}"), "audit_log", PAGE);
    guard.get("/audit-log?before=2020-09-14T00:00:00Z", "audit_log", PAGE);
    guard.get("/bulk-actions?limit=50", "bulk_actions", PAGE);
    guard.get(&format!("/bulk-actions/{action}"), "bulk_actions", PAGE);
}
