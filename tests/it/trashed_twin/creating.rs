//! What the answer to a create says.

use serde_json::json;

use super::{binned, company, contact, emails, found, id, twin_of};
use crate::harness::TestServer;
use crate::invariants;
use crate::many_records::shift_clock;
use crate::taking_back::no_purge_yet;

#[test]
fn the_twin_is_named_with_the_call_that_restores_it() {
    let server = TestServer::start();
    let admin = server.admin();
    let twin = binned(&admin, "/contacts", contact(json!({"external_id": "CT-1"})));
    let created = admin.post("/contacts", contact(json!({"external_id": "CT-1"}))).expect(201);
    let restore = format!("/recycle-bin/{twin}/restore");
    let named = json!({"type": "contact", "id": twin, "matched_on": "external_id", "restore": restore});
    assert_eq!(created["trashed_twin"], named);
    let read = admin.get(&format!("/contacts/{}", id(&created))).expect(200);
    assert_eq!(read.get("trashed_twin"), None, "the answer of the POST alone tells");

    // The new record has the external id now; the twin comes back without it.
    admin.call(&restore).refused("restore-conflict");
    let back = admin.post(&restore, json!({"on_conflict": "drop_external_id"})).expect(200);
    assert_eq!((id(&back), &back["external_id"]), (twin, &json!(null)));
}

#[test]
fn each_key_finds_a_twin_of_the_same_kind_alone() {
    let server = TestServer::start();
    let admin = server.admin();
    for (collection, other, body) in
        [("/contacts", "/companies", contact as fn(_) -> _), ("/companies", "/contacts", company as fn(_) -> _)]
    {
        let other_body = |fields| if collection == "/contacts" { company(fields) } else { contact(fields) };
        let ours = collection.trim_start_matches('/');
        let all = json!({"external_id": format!("{ours} É"), "vat_number": format!("BE 0{ours}"),
            "emails": [{"type": "primary", "email": format!("Zoé@{ours}.example")},
                {"type": "primary", "email": format!("second@{ours}.example")},
                {"type": "primary", "email": format!("third@{ours}.example")}]});
        let twin = binned(&admin, collection, body(all.clone()));
        let by = |fields| twin_of(&admin, collection, body(fields));
        assert_eq!(by(json!({"vat_number": format!("be 0{ours}").to_uppercase()})), found(&twin, "vat_number"));
        for address in ["ZOE", "second", "Third"] {
            let address = format!("{address}@{ours}.example");
            assert_eq!(by(emails(&[&address])), found(&twin, "email"), "{address}");
            assert_eq!(by(emails(&["first@other.example", &address])), found(&twin, "email"), "{address} comes second");
        }
        // An external id is compared as it is; no key stands for another one.
        assert_eq!(by(json!({"external_id": format!("{ours} E")})), None);
        assert_eq!(by(json!({"external_id": format!("third@{ours}.example")})), None);
        assert_eq!(by(json!({"vat_number": format!("{ours} É")})), None);
        assert_eq!(by(json!({})), None);
        assert_eq!(twin_of(&admin, other, other_body(all)), None);
        assert_eq!(by(json!({"external_id": format!("{ours} É")})), found(&twin, "external_id"));
    }
    invariants::hold(&mut server.sql());
}

#[test]
fn an_external_id_goes_before_a_vat_number_before_an_email_and_then_the_last_one_deleted() {
    let server = TestServer::start();
    let admin = server.admin();
    let same_email = |fields| {
        let mut body = contact(fields);
        body["emails"] = emails(&["same@x.example"])["emails"].clone();
        body
    };
    let by_external_id = binned(&admin, "/contacts", contact(json!({"external_id": "E-1", "vat_number": "V-0"})));
    let by_vat_number = binned(&admin, "/contacts", contact(json!({"vat_number": "V-1"})));
    let earlier = binned(&admin, "/contacts", same_email(json!({})));
    let later = binned(&admin, "/contacts", same_email(json!({})));
    let by = |fields| twin_of(&admin, "/contacts", same_email(fields));
    assert_eq!(by(json!({"external_id": "E-1", "vat_number": "v-1"})), found(&by_external_id, "external_id"));
    assert_eq!(by(json!({"external_id": "E-2", "vat_number": "v-1"})), found(&by_vat_number, "vat_number"));
    assert_eq!(by(json!({"external_id": "E-3", "vat_number": "v-2"})), found(&later, "email"));
    // What counts is when it was deleted, not when it was made.
    admin.call(&format!("/recycle-bin/{earlier}/restore")).expect(200);
    admin.delete(&format!("/contacts/{earlier}")).expect(204);
    assert_eq!(by(json!({})), found(&earlier, "email"));
}

#[test]
fn a_live_record_is_no_twin_and_its_external_id_is_taken() {
    let server = TestServer::start();
    let admin = server.admin();
    let fields = || json!({"external_id": "CT-1", "vat_number": "V-1"});
    binned(&admin, "/contacts", contact(fields()));
    admin.post("/contacts", contact(fields())).expect(201);
    admin.post("/contacts", contact(fields())).refused("external-id-taken");
    let live = contact(emails(&["live@x.example"]));
    assert_eq!(twin_of(&admin, "/contacts", live.clone()), None);
    assert_eq!(twin_of(&admin, "/contacts", live), None);
}

#[test]
fn members_and_other_accounts_learn_nothing_of_the_bin() {
    let server = TestServer::start();
    let twin = binned(&server.admin(), "/contacts", contact(emails(&["gone@x.example"])));
    let body = || contact(emails(&["gone@x.example"]));
    for client in [server.member(), server.stranger()] {
        let created = client.post("/contacts", body());
        assert!(!created.text().contains(&twin) && !created.text().contains("twin"), "{}", created.text());
        created.expect(201);
    }
    assert_eq!(twin_of(&server.admin(), "/contacts", body()), found(&twin, "email"));
}

#[test]
fn a_record_past_its_purge_at_is_no_twin_to_the_instant() {
    let server = TestServer::start();
    let admin = server.admin();
    let mut connection = server.sql();
    let twin = binned(&admin, "/contacts", contact(emails(&["gone@x.example"])));
    no_purge_yet(&mut connection);
    shift_clock(&mut connection, "29 days 23 hours 59 minutes");
    let by = || twin_of(&admin, "/contacts", contact(emails(&["gone@x.example"])));
    assert_eq!(by(), found(&twin, "email"));
    shift_clock(&mut connection, "1 minute");
    assert_eq!(by(), None);
}

#[test]
fn a_repeated_key_names_the_same_twin_until_the_twin_is_purged() {
    let server = TestServer::start();
    let admin = server.admin();
    let twin = binned(&admin, "/contacts", contact(emails(&["gone@x.example"])));
    let send = || admin.json("POST", "/contacts", &[("idempotency-key", "k")], contact(emails(&["gone@x.example"])));
    let first = send().expect(201);
    assert_eq!(super::twin(&first), found(&twin, "email"));
    admin.call(&format!("/recycle-bin/{twin}/restore")).expect(200);
    let again = send();
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(again.expect(201), first);

    admin.delete(&format!("/contacts/{twin}")).expect(204);
    admin.delete(&format!("/recycle-bin/{twin}")).expect(204);
    let anew = send();
    assert_eq!(anew.header("idempotency-replayed"), None, "the stored answer told of the purged record");
    assert_eq!(super::twin(&anew.expect(201)), None);
}
