//! A time tracking: time spent on a contact or company.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{DESCRIPTION_LENGTH, EXTERNAL_ID_LENGTH, LinkedRecord};
use crate::domain::audit::SubjectType;
use crate::domain::entity::{LinkTarget, RecordRef};
use crate::domain::error::Result;
use crate::domain::validation::{Checks, parse_time};

/// A year of 365 days.
pub const MAX_DURATION_SECONDS: i32 = 31_536_000;

/// Time trackings have no status: there is no value of this type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum NoStatus {}

/// What a caller may write of a time tracking.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(example = json!({"description": "Call about the offer", "started_at": "2026-11-24T09:00:00Z",
    "duration_seconds": 900, "subject": {"type": "contact", "id": "01936b2e-5b7a-7c1e-9d2f-0a4b6c8d0e1f"}}))]
pub struct TimeTrackingInput {
    /// To 255 characters; unique among the time trackings of the account.
    pub external_id: Option<String>,
    /// To 65,535 characters.
    pub description: Option<String>,
    /// Required, a time (RFC 3339); shown in UTC.
    #[serde(deserialize_with = "time_or_null")]
    #[schema(required = true, value_type = DateTime<Utc>)]
    pub started_at: Option<DateTime<Utc>>,
    /// Required, in seconds.
    #[schema(required = true, value_type = i64, minimum = 0, maximum = 31_536_000)]
    pub duration_seconds: Option<i64>,
    /// Required. A live contact or company.
    #[schema(required = true, value_type = RecordRef)]
    pub subject: Option<RecordRef>,
}

/// A valid time tracking.
#[derive(Debug, Clone, PartialEq)]
pub struct TimeTracking {
    pub external_id: Option<String>,
    pub description: Option<String>,
    pub started_at: DateTime<Utc>,
    /// 0..=31,536,000
    pub duration_seconds: i32,
    pub subject: RecordRef,
}

impl LinkedRecord for TimeTracking {
    type Input = TimeTrackingInput;
    const SUBJECT: SubjectType = SubjectType::TimeTracking;
    type Status = NoStatus;

    fn from_input(mut input: TimeTrackingInput) -> Result<Self> {
        let mut checks = Checks::default();
        checks.optional_text("/external_id", &mut input.external_id, EXTERNAL_ID_LENGTH);
        checks.optional_text("/description", &mut input.description, DESCRIPTION_LENGTH);
        let started_at = checks.required("/started_at", input.started_at);
        let seconds = checks.required("/duration_seconds", input.duration_seconds);
        let duration =
            seconds.and_then(|seconds| i32::try_from(seconds).ok()).filter(|s| (0..=MAX_DURATION_SECONDS).contains(s));
        if seconds.is_some() && duration.is_none() {
            checks.fail("/duration_seconds", format!("must be a whole number from 0 to {MAX_DURATION_SECONDS}"));
        }
        let subject = checks.required("/subject", input.subject);
        let ((started_at, duration_seconds), subject) = checks.finish_with(started_at.zip(duration).zip(subject))?;
        Ok(Self {
            external_id: input.external_id,
            description: input.description,
            started_at,
            duration_seconds,
            subject,
        })
    }

    fn links(&self) -> Vec<LinkTarget> {
        vec![LinkTarget::new(self.subject, "/subject")]
    }
}

impl From<TimeTracking> for TimeTrackingInput {
    fn from(tracking: TimeTracking) -> Self {
        Self {
            external_id: tracking.external_id,
            description: tracking.description,
            started_at: Some(tracking.started_at),
            duration_seconds: Some(tracking.duration_seconds.into()),
            subject: Some(tracking.subject),
        }
    }
}

fn time_or_null<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<Option<DateTime<Utc>>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
    parse_time(&text).map(Some).ok_or_else(|| serde::de::Error::custom("must be a time such as 2026-11-24T09:00:00Z"))
}
