//! The state machine of bulk actions, held against a model: random sequences of calls, worker's turns and days that
//! pass; every answer, and afterwards every record, action and outcome, must be what the model says.
//!
//! `SWEEP_MODEL_SEQUENCES=2000 cargo test --test it model::` runs more of them.

mod calls;
mod service;
mod work;
mod world;

use std::cell::RefCell;

use proptest::sample::select;
use proptest::test_runner::{Config, TestCaseError, TestCaseResult, TestRunner};
use serde_json::{Value, json};
use sweep::domain::bulk_action::{ActionStatus, Outcome};

use self::calls::{Step, sequence};
use self::service::Service;
use self::world::{Place, RECORDS, World};
use crate::harness::TestServer;
use crate::invariants;

/// In all, shared by the tests below so that they run side by side.
const SEQUENCES: u32 = 200;
const TESTS: u32 = 2;

#[test]
fn random_sequences_end_as_the_model_says() {
    run();
}

#[test]
fn more_random_sequences_end_as_the_model_says() {
    run();
}

fn run() {
    let sequences = std::env::var("SWEEP_MODEL_SEQUENCES").ok().map_or(SEQUENCES, |number| number.parse().unwrap());
    // The test takes the worker's turns, so that it knows when they come.
    let server = TestServer::start_with(|settings| settings.workers = 0);
    let sql = RefCell::new(server.sql());
    let config =
        Config { cases: sequences / TESTS, failure_persistence: None, max_shrink_iters: 400, ..Config::default() };
    let tried =
        TestRunner::new(config).run(&(select(vec![None, Some(1), Some(2)]), sequence()), |(approval_above, steps)| {
            hold(&server, approval_above, &steps)?;
            invariants::hold(&mut sql.borrow_mut());
            Ok(())
        });
    tried.unwrap_or_else(|failure| panic!("{failure}"));
}

fn hold(server: &TestServer, approval_above: Option<usize>, steps: &[Step]) -> TestCaseResult {
    let (mut world, mut service) = (World::new(approval_above), Service::new(server, approval_above));
    for Step { call, aimed } in steps {
        let call = if *aimed { world.aim(call) } else { call.clone() };
        if !world.allows(&call) {
            continue;
        }
        let given = service.answer(&call, &world);
        let expected = world.answer(&call);
        equal(&given, &expected, || format!("the answer to {call:?}"))?;
    }
    same_records(&world, &service)?;
    for number in 0..world.actions.len() {
        same_action(&world, &service, number)?;
    }
    Ok(())
}

fn same_records(world: &World, service: &Service) -> TestCaseResult {
    let (live, binned, tagged) = (service.live(), service.binned(), service.tagged());
    for number in 0..RECORDS {
        let id = &service.records[number];
        let (status, deletion) = match world.place(number) {
            Place::Live => (Some(if world.records[number].active { "active" } else { "deactivated" }), None),
            Place::Bin { of, .. } => (None, Some(of.map(|action| &service.actions[action]))),
            Place::Nowhere => (None, None),
        };
        equal(&live.get(id).and_then(Value::as_str), &status, || format!("the status of record {number}"))?;
        let has_tag = world.records[number].tagged && world.place(number) == Place::Live;
        equal(&tagged.contains_key(id), &has_tag, || format!("whether record {number} is tagged"))?;
        let found = binned.get(id).map(|deletion| deletion.as_str().unwrap());
        equal(&found.is_some(), &deletion.is_some(), || format!("whether record {number} lies in the bin"))?;
        if let Some(Some(action)) = deletion {
            equal(&found, &Some(action.as_str()), || format!("the deletion of record {number}"))?;
        }
    }
    Ok(())
}

fn same_action(world: &World, service: &Service, number: usize) -> TestCaseResult {
    let (expected, given) = (&world.actions[number], service.action(number));
    equal(&given["status"], &json!(expected.status), || format!("the status of action {number}"))?;
    let mut outcomes = service.outcomes(number);
    for record in &expected.set {
        let outcome = expected.outcomes.get(record).copied().unwrap_or(Outcome::NotProcessed);
        let found = outcomes.remove(&service.records[*record]);
        equal(&found, &Some(json!(outcome)), || format!("the outcome of record {record} in action {number}"))?;
        let in_set = |o: &Outcome| *o == outcome;
        let count = match outcome {
            Outcome::NotProcessed => expected.set.len() - expected.outcomes.len(),
            _ => expected.outcomes.values().filter(|o| in_set(o)).count(),
        };
        let counted = &given["counts"][outcome.as_str()];
        equal(counted, &json!(count), || format!("how many of action {number} are {outcome:?}"))?;
    }
    equal(&outcomes.len(), &0, || format!("records of action {number} that are not of its set"))?;
    equal(&given["counts"]["matched"], &json!(expected.set.len()), || format!("the size of action {number}"))?;
    let undoes = expected.status == ActionStatus::Aborted && given["restorable_until"] != Value::Null;
    equal(&undoes, &false, || format!("action {number} was aborted and has something to take back"))
}

fn equal<T: PartialEq + std::fmt::Debug>(given: &T, expected: &T, what: impl FnOnce() -> String) -> TestCaseResult {
    if given == expected {
        return Ok(());
    }
    Err(TestCaseError::fail(format!("{}: {given:?}, and the model says {expected:?}", what())))
}
