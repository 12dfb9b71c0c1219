//! The old JSON, field for field, in its order.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value, json};

use crate::compat::{Failure, moment};
use crate::config::MybrcProfile;
use crate::error::Code;

/// A page of numbers.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Numbers {
    pub(super) total_count: i64,
    pub(super) numbers: Vec<i32>,
}

/// Only an id.
#[derive(Debug, Deserialize)]
pub(super) struct Found {
    pub(super) id: String,
}

/// The id of a user, if anything is known of it.
#[derive(Debug, Deserialize)]
pub(super) struct FoundUser {
    id: String,
    enrolment: Option<IgnoredAny>,
}

impl FoundUser {
    /// Fails as for one who is not there when the user was deleted: the row stays, and nothing is recorded for it.
    pub(super) fn known(self) -> Result<String, Failure> {
        let known = self.enrolment.map(|_| self.id);
        known.ok_or_else(|| Failure::new(Code::NotFound, "The user was deleted."))
    }
}

/// Only a number.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Numbered {
    legacy_number: Option<i32>,
}

/// A page of something.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Nodes<T> {
    nodes: Vec<T>,
    /// What is new has all of it on one page, and nobody asks.
    page_info: Option<PageInfo>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageInfo {
    has_next_page: bool,
    end_cursor: Option<String>,
}

impl<T> Nodes<T> {
    /// After which cursor there are more.
    pub(super) fn rest(&self) -> Option<String> {
        let info = self.page_info.as_ref().filter(|info| info.has_next_page)?;
        info.end_cursor.clone()
    }

    /// Takes the page after this one.
    pub(super) fn extend(&mut self, next: Self) {
        self.nodes.extend(next.nodes);
        self.page_info = next.page_info;
    }
}

/// When something was made and last changed.
fn times(profile: MybrcProfile, body: &mut Map<String, Value>, created: &str, updated: &str) {
    let created = moment::write_seconds(created);
    // The old program stored the whole row at each change, the moment of its last change with it: that never moved.
    let updated = match profile {
        MybrcProfile::Documented => moment::write_seconds(updated),
        MybrcProfile::AsBuilt => created.clone(),
    };
    body.insert("created".to_owned(), json!(created));
    body.insert("updated".to_owned(), json!(updated));
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}

/// Whole units, rounded down.
fn units(amount: &str) -> i64 {
    let (whole, fraction) = amount.split_once('.').unwrap_or((amount, ""));
    let number: i64 = whole.parse().unwrap_or(0);
    let below = amount.starts_with('-') && fraction.bytes().any(|byte| byte != b'0');
    number - i64::from(below)
}

/// A recorded job.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Job {
    pub(super) id: String,
    dialect_number: i32,
    slurm: Option<Slurm>,
    submitted_at: String,
    started_at: Option<String>,
    finished_at: Option<String>,
    owner: Option<Numbered>,
    account: Option<Numbered>,
    amount: Option<String>,
    held: Option<String>,
    created_at: String,
    updated_at: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Slurm {
    job_id: Option<String>,
    partition: Option<i32>,
    qos: Option<i32>,
    state_code: Option<i32>,
}

impl Job {
    pub(super) fn body(&self, profile: MybrcProfile) -> Map<String, Value> {
        let slurm = self.slurm.as_ref();
        let number = |read: fn(&Slurm) -> Option<i32>| slurm.and_then(read).unwrap_or(0);
        let slurm_id = slurm.and_then(|slurm| slurm.job_id.as_deref());
        // What the other REST service reported is held until the job ends.
        let amount = self.amount.as_deref().or(self.held.as_deref()).unwrap_or("0");
        let at = |time: Option<&String>| time.map(|time| moment::write_seconds(time));
        let mut body = object(json!({
            "jobnumber": self.dialect_number,
            "jobslurmid": slurm_id.and_then(|id| id.parse::<i64>().ok()).unwrap_or(0),
            "submitdate": moment::write_seconds(&self.submitted_at),
            "startdate": at(self.started_at.as_ref()),
            "enddate": at(self.finished_at.as_ref()),
            "userid": self.owner.as_ref().and_then(|owner| owner.legacy_number),
            "accountid": self.account.as_ref().and_then(|account| account.legacy_number),
            "amount": amount.parse::<f64>().unwrap_or(0.0),
            "jobstatus": number(|slurm| slurm.state_code),
            "partition": number(|slurm| slurm.partition),
            "qos": number(|slurm| slurm.qos),
        }));
        times(profile, &mut body, &self.created_at, &self.updated_at);
        body
    }
}

/// A user.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct User {
    pub(super) id: String,
    legacy_number: i32,
    pub(super) accounts: Nodes<Numbered>,
    enrolment: Option<Enrolment>,
    created_at: String,
    updated_at: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Enrolment {
    username: String,
    metadata: String,
    email: String,
    ldap_uid: Option<String>,
}

impl User {
    /// Whether anything is known of it.
    pub(super) fn is_known(&self) -> bool {
        self.enrolment.is_some()
    }

    /// Whether it is a member of any account.
    pub(super) fn has_accounts(&self) -> bool {
        !self.accounts.nodes.is_empty()
    }

    pub(super) fn body(&self, profile: MybrcProfile) -> Map<String, Value> {
        let mut accounts: Vec<i32> = self.accounts.nodes.iter().filter_map(|account| account.legacy_number).collect();
        accounts.sort_unstable();
        let enrolment = self.enrolment.as_ref();
        let text = |read: fn(&Enrolment) -> &String| enrolment.map(read).cloned().unwrap_or_default();
        let uid = enrolment.and_then(|enrolment| enrolment.ldap_uid.as_deref()).and_then(|uid| uid.parse::<i64>().ok());
        let mut body = object(json!({
            "userid": self.legacy_number,
            "accounts": accounts,
            "username": text(|it| &it.username),
            "usermetadata": text(|it| &it.metadata),
            "email": text(|it| &it.email),
            "ldapuid": uid.unwrap_or(0),
        }));
        times(profile, &mut body, &self.created_at, &self.updated_at);
        body
    }
}

/// An account.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Account {
    pub(super) id: String,
    legacy_number: i32,
    pub(super) members: Nodes<Member>,
    title: Option<String>,
    name: String,
    granted: String,
    available: String,
    #[serde(rename = "type")]
    kind: String,
    description: String,
    created_at: String,
    updated_at: String,
}

/// Somebody who may charge an account.
#[derive(Debug, Deserialize)]
pub(super) struct Member {
    user: Option<Numbered>,
}

impl Account {
    /// Whether it has any member.
    pub(super) fn has_members(&self) -> bool {
        !self.members.nodes.is_empty()
    }

    /// The numbers of its members.
    fn members(&self) -> Vec<i32> {
        let users = self.members.nodes.iter().filter_map(|member| member.user.as_ref());
        let mut users: Vec<i32> = users.filter_map(|user| user.legacy_number).collect();
        users.sort_unstable();
        users
    }

    pub(super) fn body(&self, profile: MybrcProfile) -> Map<String, Value> {
        let mut body = object(json!({
            "accountid": self.legacy_number,
            "users": self.members(),
            "accountname": self.title.as_ref().unwrap_or(&self.name),
            "accountallocation": units(&self.granted),
            "accountbalance": units(&self.available),
            "type": self.kind,
            "description": self.description,
        }));
        times(profile, &mut body, &self.created_at, &self.updated_at);
        body
    }
}

#[cfg(test)]
mod tests {
    use super::units;

    #[test]
    fn units_are_rounded_down() {
        let texts = ["1000000", "1.999999", "0", "-0.000001", "-1", "-1.5"];
        assert_eq!(texts.map(units), [1_000_000, 1, 0, -1, -1, -2]);
    }
}
