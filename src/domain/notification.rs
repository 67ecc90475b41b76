//! Mails: what each is about, where it stands, and what an action's view tells of its report.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// What a mail is about, and for whom. Names, addresses and words are looked up when it leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailTopic {
    /// What became of an action, to who started it.
    Report { action_id: Uuid },
    /// That an action waits for an approval, to another admin.
    ApprovalAsked { action_id: Uuid, recipient: String },
    /// What was decided on an action, to who started it.
    ApprovalAnswered { action_id: Uuid },
    /// What leaves the recycle bin soon, to an admin. The period is named by its first day.
    Digest { period: NaiveDate, recipient: String },
}

impl MailTopic {
    /// Its name in the outbox and in metrics.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Report { .. } => "report",
            Self::ApprovalAsked { .. } => "approval_asked",
            Self::ApprovalAnswered { .. } => "approval_answered",
            Self::Digest { .. } => "digest",
        }
    }

    pub const fn action_id(&self) -> Option<Uuid> {
        match self {
            Self::Report { action_id }
            | Self::ApprovalAsked { action_id, .. }
            | Self::ApprovalAnswered { action_id } => Some(*action_id),
            Self::Digest { .. } => None,
        }
    }

    /// The user id of the admin that it goes to; None: who started the action.
    pub fn recipient(&self) -> Option<&str> {
        match self {
            Self::ApprovalAsked { recipient, .. } | Self::Digest { recipient, .. } => Some(recipient),
            Self::Report { .. } | Self::ApprovalAnswered { .. } => None,
        }
    }

    pub const fn period(&self) -> Option<NaiveDate> {
        match self {
            Self::Digest { period, .. } => Some(*period),
            _ => None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NotificationStatus {
    /// There is no mail: nothing to report, or none is wanted.
    None,
    Pending,
    Sent,
    /// A try failed and another one follows.
    Retrying,
    Failed,
    /// The requester's token had no e-mail address.
    NoAddress,
}

/// The report mail of one action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Notification {
    pub status: NotificationStatus,
    #[schema(example = "a***@example.com")]
    pub address_masked: Option<String>,
    pub sent_at: Option<DateTime<Utc>>,
    /// How often sending was tried.
    pub attempts: i32,
    /// The mail server's last refusal, or what came instead of an answer; for admins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_answer: Option<String>,
}

/// Where a mail stands in the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    pub status: DeliveryStatus,
    pub attempts: i32,
    pub sent_at: Option<DateTime<Utc>>,
    pub last_answer: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryStatus {
    Pending,
    Sent,
    Failed,
    /// When it was to leave there was nothing to say any more.
    Dropped,
}

impl Notification {
    /// `wanted` is false when the action asked never to be told; `address` is that of the requester's token; `delivery`
    /// is None until a mail is due.
    pub fn new(wanted: bool, address: Option<&str>, delivery: Option<Delivery>) -> Self {
        let address_masked = address.map(mask_address);
        let status = match (&delivery, address) {
            _ if !wanted => NotificationStatus::None,
            (_, None) => NotificationStatus::NoAddress,
            (None, Some(_)) => NotificationStatus::None,
            (Some(delivery), Some(_)) => match delivery.status {
                DeliveryStatus::Sent => NotificationStatus::Sent,
                DeliveryStatus::Failed => NotificationStatus::Failed,
                DeliveryStatus::Dropped => NotificationStatus::None,
                DeliveryStatus::Pending if delivery.last_answer.is_some() => NotificationStatus::Retrying,
                DeliveryStatus::Pending => NotificationStatus::Pending,
            },
        };
        let (attempts, sent_at, last_answer) =
            delivery.map_or((0, None, None), |delivery| (delivery.attempts, delivery.sent_at, delivery.last_answer));
        Self { status, address_masked, sent_at, attempts, last_answer }
    }
}

/// Enough to recognise one's own address: `a***@example.com`.
pub fn mask_address(address: &str) -> String {
    let (local, domain) = address.rsplit_once('@').unwrap_or((address, ""));
    let first: String = local.chars().take(1).collect();
    format!("{first}***@{domain}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_keeps_its_first_letter_and_its_domain() {
        assert_eq!(mask_address("ann.peeters@example.com"), "a***@example.com");
        assert_eq!(mask_address("é@example.com"), "é***@example.com");
        assert_eq!(mask_address("@"), "***@");
        assert_eq!(mask_address("secret"), "s***@");
    }

    #[test]
    fn the_status_tells_of_wish_address_and_delivery() {
        let delivery = |status, last_answer: Option<&str>| {
            Some(Delivery { status, attempts: 1, sent_at: None, last_answer: last_answer.map(str::to_owned) })
        };
        let ann = Some("ann@example.com");
        for (wanted, address, delivery, status) in [
            (false, ann, None, NotificationStatus::None),
            (false, None, None, NotificationStatus::None),
            (true, None, None, NotificationStatus::NoAddress),
            (true, ann, None, NotificationStatus::None),
            (true, ann, delivery(DeliveryStatus::Pending, None), NotificationStatus::Pending),
            (true, ann, delivery(DeliveryStatus::Pending, Some("451 later")), NotificationStatus::Retrying),
            (true, ann, delivery(DeliveryStatus::Sent, Some("451 later")), NotificationStatus::Sent),
            (true, ann, delivery(DeliveryStatus::Failed, Some("550 no")), NotificationStatus::Failed),
        ] {
            assert_eq!(Notification::new(wanted, address, delivery).status, status);
        }
    }
}
