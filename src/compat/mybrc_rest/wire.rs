//! The old JSON, field for field, in its order.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::compat::moment;

/// A list of the operations.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Listed<T> {
    pub(super) total_count: i64,
    pub(super) nodes: Vec<T>,
}

/// An amount with two places after the point, or more where it has more.
pub(super) fn money(amount: &str) -> String {
    let (units, fraction) = amount.split_once('.').unwrap_or((amount, ""));
    format!("{units}.{fraction:0<2}")
}

/// An account by its name: as it was taken over, else its own.
#[derive(Debug, Deserialize)]
struct Named {
    title: Option<String>,
    name: String,
}

impl Named {
    fn name(&self) -> &str {
        self.title.as_deref().unwrap_or(&self.name)
    }
}

/// A job.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Job {
    submitted_at: String,
    started_at: Option<String>,
    finished_at: Option<String>,
    owner: Option<Owner>,
    account: Option<Named>,
    slurm: Option<Slurm>,
    amount: Option<String>,
    held: Option<String>,
    created_at: String,
    updated_at: String,
}

#[derive(Debug, Deserialize)]
struct Owner {
    enrolment: Option<Enrolment>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Enrolment {
    ldap_uid: Option<String>,
    email: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Slurm {
    key: Option<String>,
    partition_name: Option<String>,
    qos_name: Option<String>,
    state_name: Option<String>,
    nodes: Vec<String>,
    nodes_requested: Option<i32>,
    nodes_allocated: Option<i32>,
    cpus: Option<i32>,
    raw_hours: Option<f64>,
    cpu_hours: Option<f64>,
}

impl Job {
    pub(super) fn body(&self) -> Value {
        let slurm = self.slurm.as_ref();
        let at = |time: Option<&String>| time.map(|time| moment::write(time));
        let uid = self.owner.as_ref().and_then(|owner| owner.enrolment.as_ref()?.ldap_uid.as_deref());
        let word = |read: fn(&Slurm) -> &Option<String>| slurm.and_then(|slurm| read(slurm).clone());
        let number = |read: fn(&Slurm) -> Option<i32>| slurm.and_then(read);
        let nodes = slurm.map(|slurm| slurm.nodes.as_slice()).unwrap_or_default();
        // Until the job ends, what it may cost is held.
        let amount = self.amount.as_deref().or(self.held.as_deref()).unwrap_or("0");
        json!({
            "jobslurmid": word(|slurm| &slurm.key),
            "submitdate": moment::write(&self.submitted_at),
            "startdate": at(self.started_at.as_ref()),
            "enddate": at(self.finished_at.as_ref()),
            "userid": uid,
            "accountid": self.account.as_ref().map(Named::name),
            "amount": money(amount),
            "jobstatus": word(|slurm| &slurm.state_name),
            "partition": word(|slurm| &slurm.partition_name),
            "qos": word(|slurm| &slurm.qos_name),
            "created": moment::write(&self.created_at),
            "updated": moment::write(&self.updated_at),
            "num_cpus": number(|slurm| slurm.cpus),
            "num_req_nodes": number(|slurm| slurm.nodes_requested),
            "num_alloc_nodes": number(|slurm| slurm.nodes_allocated),
            "raw_time": slurm.and_then(|slurm| slurm.raw_hours),
            "cpu_time": slurm.and_then(|slurm| slurm.cpu_hours),
            "nodes": nodes.iter().map(|name| json!({ "name": name })).collect::<Vec<_>>(),
        })
    }
}

/// A user.
#[derive(Debug, Deserialize)]
pub(super) struct User {
    username: String,
    enrolment: Option<Enrolment>,
}

impl User {
    pub(super) fn body(&self) -> Value {
        let enrolment = self.enrolment.as_ref();
        json!({
            "userid": enrolment.and_then(|enrolment| enrolment.ldap_uid.as_ref()),
            "username": self.username,
            "email": enrolment.and_then(|enrolment| enrolment.email.as_ref()),
        })
    }
}

/// An account.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Account {
    #[serde(flatten)]
    named: Named,
    granted: String,
    created_at: String,
    used: String,
}

impl Account {
    pub(super) fn body(&self) -> Value {
        json!({ "name": self.named.name(), "allocation": money(&self.granted) })
    }

    pub(super) fn usage(&self) -> Value {
        json!({ "account": self.named.name(), "usage": money(&self.used) })
    }

    pub(super) fn transaction(&self) -> Value {
        json!({ "account": self.named.name(), "date_time": moment::write(&self.created_at),
            "allocation": money(&self.granted) })
    }
}

/// A member of an account.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Member {
    user: Option<Username>,
    account: Option<Payer>,
    limit: Option<String>,
    created_at: String,
    used: String,
}

#[derive(Debug, Deserialize)]
struct Username {
    username: String,
}

#[derive(Debug, Deserialize)]
struct Payer {
    #[serde(flatten)]
    named: Named,
    granted: String,
}

impl Member {
    pub(super) fn body(&self) -> Value {
        json!({
            "user": self.user.as_ref().map(|user| user.username.as_str()),
            "account": self.account.as_ref().map(|account| account.named.name()),
        })
    }

    pub(super) fn usage(&self) -> Value {
        json!({ "user_account": self.body(), "usage": money(&self.used) })
    }

    /// A member without a limit may spend all that the account has.
    pub(super) fn transaction(&self) -> Value {
        let granted = self.account.as_ref().map(|account| account.granted.as_str());
        let allocation = self.limit.as_deref().or(granted).unwrap_or("0");
        json!({ "user_account": self.body(), "date_time": moment::write(&self.created_at),
            "allocation": money(allocation) })
    }
}

#[cfg(test)]
mod tests {
    use super::money;

    #[test]
    fn amounts_have_two_places_or_more() {
        assert_eq!(["1", "1.5", "-0.25", "0.000001"].map(money), ["1.00", "1.50", "-0.25", "0.000001"]);
    }
}
