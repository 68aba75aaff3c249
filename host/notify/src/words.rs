//! How notifications are said.

use bifrost_core::notification::Item;
use bifrost_core::{NotificationKind, OrganizationId};
use bifrost_store::notifications::Channel;
use chrono::{DateTime, Utc};

/// Longest subject of a mail, in characters.
const MAX_SUBJECT: usize = 150;

/// Addresses of the web UI.
#[derive(Clone, Debug)]
pub struct Links {
    base: String,
}

impl Links {
    /// Below the address that people reach the platform at.
    pub fn new(public_url: &str) -> Self {
        Self { base: public_url.trim_end_matches('/').to_owned() }
    }

    /// Where somebody sees what happened.
    pub fn to(&self, organization: OrganizationId, item: &Item) -> String {
        let base = &self.base;
        match (item.kind, item.details.execution_id) {
            (NotificationKind::RunFailed, Some(execution)) if item.count == 1 => {
                format!("{base}/runs/{execution}?org={organization}")
            }
            (NotificationKind::RunFailed, _) => {
                format!("{base}/runs?org={organization}&workflow={}", item.subject_id)
            }
            (NotificationKind::ScheduleMissed, _) => format!("{base}/schedules?org={organization}"),
            (NotificationKind::DeliveryFailed | NotificationKind::WebhookBroken, _) => {
                format!("{base}/webhooks?org={organization}")
            }
            (NotificationKind::ConnectionBroken, _) => self.settings(organization),
        }
    }

    fn settings(&self, organization: OrganizationId) -> String {
        format!("{}/notifications?org={organization}", self.base)
    }
}

/// What happened in one line.
pub(crate) fn subject(items: &[Item], organization: &str, is_test: bool) -> String {
    let text = match items {
        _ if is_test => format!("A test of notifications of {organization}"),
        [one] => {
            let times = if one.count > 1 { format!(" ({} times)", one.count) } else { String::new() };
            format!("{}: {}{times}", one.details.name, one.details.summary)
        }
        all => {
            let times: i64 = all.iter().map(|item| item.count).sum();
            format!("{organization}: {times} notifications about {} subjects", all.len())
        }
    };
    plain(&text).chars().take(MAX_SUBJECT).collect()
}

/// In one line, whatever is in it.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// What happened, in full.
pub(crate) fn text(items: &[Item], channel: &Channel, organization: &str, links: &Links) -> String {
    let mut text = String::new();
    if items.is_empty() {
        text += "This is a test. Whoever reads it is told of what happens.\n\n";
    }
    for item in items {
        text += &format!("{}: {}\n", item.details.name, item.details.summary);
        text += &format!("  {}\n", when(item));
        if let Some(error) = item.details.error_for(channel.full_errors) {
            for line in error.lines() {
                text += &format!("  {line}\n");
            }
        }
        text += &format!("  {}\n\n", links.to(channel.organization_id, item));
    }
    text += "-- \n";
    text += &format!("From the channel \"{}\" of {organization}.\n", channel.name);
    text += &format!("What it is told: {}\n", links.settings(channel.organization_id));
    text
}

fn when(item: &Item) -> String {
    let (first, last) = (minute(item.first_at), minute(item.last_at));
    match item.count {
        1 => format!("at {last} UTC"),
        n if first == last => format!("{n} times at {last} UTC"),
        n => format!("{n} times from {first} to {last} UTC"),
    }
}

fn minute(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M").to_string()
}

/// An invitation: subject and text.
pub(crate) fn invitation(links: &Links, product: &str, organization: &str, token: &str) -> (String, String) {
    let subject = plain(&format!("An invitation to {organization}"));
    let text = format!(
        "You are invited to {organization} on {product}.\n\nTo accept, open this address. It is good once, and for you alone:\n{}\n",
        format_args!("{}/sign-in#invitation={token}", links.base)
    );
    (subject, text)
}

/// A test of the mail server: subject and text.
pub(crate) fn mail_test(links: &Links, product: &str) -> (String, String) {
    let subject = plain(&format!("A test of mail from {product}"));
    let text = format!("This is a test. {product} at {} can send mail.\n", links.base);
    (subject, text)
}
