//! Labels that a job requires of its runner.
//!
//! Each set of labels that jobs of a service ask for is a queue of its own in the claim index, named by one number. A
//! claim looks at the heads of those queues that its runner's labels satisfy, and at no job that it could not have.

use std::collections::BTreeMap;

use entity::{Labels, job, requirement, service};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect, Select,
    prelude::Expr,
    sea_query::{LockBehavior, LockType},
};
use sha2::{Digest, Sha256};

use crate::{
    db::Tx,
    domain::check::Faults,
    error::{Error, Result},
};

/// Labels of one job or runner at most.
pub const LABELS: usize = 32;
/// Characters of a label's key at most.
pub const LABEL_KEY: usize = 64;
/// Characters of a label's value at most.
pub const LABEL_VALUE: usize = 256;
/// Different sets of required labels that unfinished jobs of one service have at most: each is a queue that claims look
/// at.
pub const SETS: u64 = 256;
/// The same for those that one user has made.
pub const SETS_OF_OWNER: u64 = 16;

/// Labels from pairs as a client gives them; every fault is named by its place in the list.
pub fn labels(faults: &mut Faults, path: &str, given: Vec<(String, String)>) -> Labels {
    if given.len() > LABELS {
        faults.add(path, format!("{} labels are too many; at most {LABELS} are kept.", given.len()));
        return Labels::default();
    }
    let mut labels = BTreeMap::new();
    for (index, (key, value)) in given.into_iter().enumerate() {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '/');
        if key.is_empty() || key.len() > LABEL_KEY || !key.chars().all(fits) {
            let message = format!("1 to {LABEL_KEY} letters, digits, `_`, `.`, `-` or `/` are needed.");
            faults.add(format!("{path}/{index}/key"), message);
        }
        faults.line(&format!("{path}/{index}/value"), &value, 0, LABEL_VALUE);
        if labels.contains_key(&key) {
            faults.add(format!("{path}/{index}/key"), "Another label of the list has this key; each has one value.");
        }
        labels.insert(key, value);
    }
    Labels(labels)
}

/// The number of this set of labels among those of the service, made in the name of `owner_id` when it is new; 0 for no
/// labels. The caller has locked the service's row at least as weakly as a reference to it does.
pub(super) async fn number(tx: &Tx, service_id: i64, owner_id: i64, labels: &Labels) -> Result<i64> {
    if labels.is_empty() {
        return Ok(0);
    }
    let hash = hash(labels)?;
    if let Some(id) = known(tx, service_id, &hash).await? {
        return Ok(id);
    }
    // Who makes or removes sets is alone with that at the service; somebody may have made this one meanwhile.
    let service = service::Entity::find_by_id(service_id).select_only().column(service::Column::Id);
    service.lock(LockType::NoKeyUpdate).into_tuple::<i64>().one(&tx.db).await?;
    if let Some(id) = known(tx, service_id, &hash).await? {
        return Ok(id);
    }
    let of_service = requirement::Entity::find().filter(requirement::Column::ServiceId.eq(service_id));
    let of_owner = of_service.clone().filter(requirement::Column::OwnerId.eq(owner_id));
    make_room(tx, of_owner, SETS_OF_OWNER, Some(owner_id)).await?;
    make_room(tx, of_service, SETS, None).await?;
    let row = requirement::ActiveModel {
        service_id: Set(service_id),
        owner_id: Set(owner_id),
        labels: Set(labels.clone()),
        labels_hash: Set(hash),
        created_at: Set(tx.now),
        ..Default::default()
    };
    Ok(requirement::Entity::insert(row).exec(&tx.db).await?.last_insert_id)
}

/// The number of a set that is there. Its row is locked, so that it stays until the job that names it does.
async fn known(tx: &Tx, service_id: i64, hash: &[u8]) -> Result<Option<i64>> {
    let known = requirement::Entity::find()
        .select_only()
        .column(requirement::Column::Id)
        .filter(requirement::Column::ServiceId.eq(service_id))
        .filter(requirement::Column::LabelsHash.eq(hash));
    Ok(known.lock(LockType::KeyShare).into_tuple().one(&tx.db).await?)
}

/// Sees to it that there are fewer than `most` of these sets: removes those that no unfinished job has. One that only
/// jobs of others have becomes theirs, when it is about the sets of an owner.
async fn make_room(tx: &Tx, sets: Select<requirement::Entity>, most: u64, owner_id: Option<i64>) -> Result<()> {
    if sets.clone().count(&tx.db).await? < most {
        return Ok(());
    }
    let mut room = false;
    let sets = sets.select_only().column(requirement::Column::Id);
    // One that is being used just now, by a job that is not there yet, is passed over.
    let unused = sets.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    for id in unused.into_tuple::<i64>().all(&tx.db).await? {
        match user_of(tx, id, owner_id).await? {
            None => {
                requirement::Entity::delete_by_id(id).exec(&tx.db).await?;
                room = true;
            }
            Some(user) if owner_id.is_some_and(|owner| owner != user) => {
                let change = requirement::ActiveModel { id: Set(id), owner_id: Set(user), ..Default::default() };
                requirement::Entity::update(change).exec(&tx.db).await?;
                room = true;
            }
            Some(_) => {}
        }
    }
    if room {
        return Ok(());
    }
    let whose = if owner_id.is_some() { "Unfinished jobs of yours" } else { "Unfinished jobs" };
    let message = format!(
        "{whose} ask this service for {most} different sets of labels already; ask for one of those, or wait until \
         some have finished."
    );
    Err(Error::invalid("requires", message))
}

/// Who has an unfinished job with this set: `first` if it does, otherwise anybody.
async fn user_of(tx: &Tx, id: i64, first: Option<i64>) -> Result<Option<i64>> {
    // In the words of the index `job_requirement`.
    let users = job::Entity::find()
        .select_only()
        .column(job::Column::OwnerId)
        .filter(job::Column::RequirementId.eq(id))
        .filter(Expr::cust("requirement_id > 0 AND finished_at IS NULL"))
        .limit(1);
    if let Some(first) = first {
        let own = users.clone().filter(job::Column::OwnerId.eq(first));
        if let Some(own) = own.into_tuple().one(&tx.db).await? {
            return Ok(Some(own));
        }
    }
    Ok(users.into_tuple().one(&tx.db).await?)
}

fn hash(labels: &Labels) -> Result<Vec<u8>> {
    // Sorted by key, so that equal sets have equal texts.
    let text = serde_json::to_vec(labels).map_err(Error::internal)?;
    Ok(Sha256::digest(text).to_vec())
}
