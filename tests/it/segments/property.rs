//! The compiled SQL against the evaluator: 1,000 random rule trees over random records.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use serde_json::Value;
use sweep::domain::entity::RecordKind;
use sweep::domain::segment::parse;
use sweep::repository::db::{Db, DbSettings};
use sweep::repository::schema::{companies, contacts};
use sweep::repository::segment_query::{Blocked, blocked_companies, blocked_contacts, company_filter, contact_filter};
use uuid::Uuid;

use super::evaluator::{Record, selects};
use super::records::{Dice, Records, account, fill, now};
use super::rules::tree;
use crate::harness::TestDatabase;

const SETS_OF_RECORDS: u32 = 4;
const TREES_PER_KIND: u32 = 125;

#[test]
fn sql_and_evaluator_select_the_same_records() {
    for _ in 0..SETS_OF_RECORDS {
        let seed = any::<u64>().new_tree(&mut TestRunner::default()).unwrap().current();
        let database = TestDatabase::create();
        let records = fill(&database, &db(&database), &mut Dice(seed));
        for kind in RecordKind::ALL {
            let sql = RefCell::new(database.connect());
            let config = Config { cases: TREES_PER_KIND, failure_persistence: None, ..Config::default() };
            TestRunner::new(config)
                .run(&tree(kind), |tree| compare(&mut sql.borrow_mut(), kind, &tree, &records))
                .unwrap_or_else(|failure| panic!("records of seed {seed}: {failure}"));
        }
    }
}

#[test]
fn blocked_records_are_the_same_found_either_way() {
    let database = TestDatabase::create();
    let seed = any::<u64>().new_tree(&mut TestRunner::default()).unwrap().current();
    let records = fill(&database, &db(&database), &mut Dice(seed));
    let sql = &mut database.connect();
    for how in [Blocked::RecordByRecord, Blocked::FromOneSet] {
        let query = contacts::table
            .filter(contacts::account_id.eq(account().0))
            .filter(contacts::deleted_at.is_null())
            .filter(blocked_contacts(account(), how))
            .select(contacts::id);
        let found: BTreeSet<Uuid> = query.load(sql).unwrap().into_iter().collect();
        assert_eq!(found, blocked(&records.contacts), "{how:?}, seed {seed}");
        let query = companies::table
            .filter(companies::account_id.eq(account().0))
            .filter(companies::deleted_at.is_null())
            .filter(blocked_companies(account(), how))
            .select(companies::id);
        let found: BTreeSet<Uuid> = query.load(sql).unwrap().into_iter().collect();
        assert_eq!(found, blocked(&records.companies), "{how:?}, seed {seed}");
    }
}

fn blocked(records: &BTreeMap<Uuid, Record>) -> BTreeSet<Uuid> {
    let blocks = |record: &Record| {
        ["deals", "invoices", "projects", "time_trackings"].iter().any(|kind| record.links.contains_key(*kind))
    };
    records.iter().filter(|(_, record)| blocks(record)).map(|(id, _)| *id).collect()
}

fn db(database: &TestDatabase) -> Db {
    Db::new(DbSettings {
        database_url: database.url(),
        name: "test",
        connections: 1,
        wait: crate::harness::PATIENCE,
        lock_timeout: None,
    })
}

fn compare(sql: &mut PgConnection, kind: RecordKind, tree: &Value, records: &Records) -> Result<(), TestCaseError> {
    let condition = parse(kind, &tree["match"], &tree["rules"], "").expect("a valid tree");
    let (selected, records): (Vec<Uuid>, _) = match kind {
        RecordKind::Contact => {
            let query = contacts::table
                .filter(contacts::account_id.eq(account().0))
                .filter(contacts::deleted_at.is_null())
                .filter(contact_filter(&condition, account(), now()))
                .select(contacts::id);
            (query.load(sql).expect("the query runs"), &records.contacts)
        }
        RecordKind::Company => {
            let query = companies::table
                .filter(companies::account_id.eq(account().0))
                .filter(companies::deleted_at.is_null())
                .filter(company_filter(&condition, account(), now()))
                .select(companies::id);
            (query.load(sql).expect("the query runs"), &records.companies)
        }
    };
    let selected: BTreeSet<Uuid> = selected.into_iter().collect();
    for (id, record) in records {
        let expected = selects(tree, record, now().date_naive());
        prop_assert_eq!(selected.contains(id), expected, "SQL against evaluator: {}\n{:?}", tree, record);
    }
    prop_assert_eq!(selected.iter().filter(|id| !records.contains_key(id)).count(), 0);
    Ok(())
}
