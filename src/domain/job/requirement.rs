//! Labels that a job requires of its runner.
//!
//! Each set of labels that jobs of a service ask for is a queue of its own in the claim index, named by one number. A
//! claim looks at the heads of those queues that its runner's labels satisfy, and at no job that it could not have.

use std::collections::BTreeMap;

use entity::{Labels, job, requirement};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect, prelude::Expr};
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
pub const SETS: u64 = 32;

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

/// The number of this set of labels among those of the service, made when it is new; 0 for no labels.
///
/// The caller has locked the service's row for itself: so no set is removed between this look and the job that names it.
pub(super) async fn number(tx: &Tx, service_id: i64, labels: &Labels) -> Result<i64> {
    if labels.is_empty() {
        return Ok(0);
    }
    let hash = hash(labels)?;
    let known = requirement::Entity::find()
        .filter(requirement::Column::ServiceId.eq(service_id))
        .filter(requirement::Column::LabelsHash.eq(hash.clone()));
    if let Some(known) = known.one(&tx.db).await? {
        return Ok(known.id);
    }
    make_room(tx, service_id).await?;
    let row = requirement::ActiveModel {
        service_id: Set(service_id),
        labels: Set(labels.clone()),
        labels_hash: Set(hash),
        created_at: Set(tx.now),
        ..Default::default()
    };
    Ok(requirement::Entity::insert(row).exec(&tx.db).await?.last_insert_id)
}

/// Removes the sets that no unfinished job has, when there are too many.
async fn make_room(tx: &Tx, service_id: i64) -> Result<()> {
    let of_service = requirement::Entity::find().filter(requirement::Column::ServiceId.eq(service_id));
    if of_service.clone().count(&tx.db).await? < SETS {
        return Ok(());
    }
    let mut removed = 0;
    for set in of_service.all(&tx.db).await? {
        // In the words of the index `job_requirement`.
        let waiting = job::Entity::find()
            .select_only()
            .column(job::Column::Id)
            .filter(job::Column::RequirementId.eq(set.id))
            .filter(Expr::cust("requirement_id > 0 AND finished_at IS NULL"));
        if waiting.limit(1).into_tuple::<i64>().one(&tx.db).await?.is_none() {
            removed += requirement::Entity::delete_by_id(set.id).exec(&tx.db).await?.rows_affected;
        }
    }
    if removed > 0 {
        return Ok(());
    }
    let message = format!(
        "Unfinished jobs of this service ask for {SETS} different sets of labels already; ask for one of those, or \
         wait until some have finished."
    );
    Err(Error::invalid("requires", message))
}

/// The numbers of the service's queues: 0, for jobs that require nothing, and those of the sets.
pub(super) async fn of_service(tx: &Tx, service_id: i64) -> Result<Vec<i64>> {
    let sets = requirement::Entity::find()
        .select_only()
        .column(requirement::Column::Id)
        .filter(requirement::Column::ServiceId.eq(service_id));
    let mut numbers = vec![0];
    numbers.extend(sets.into_tuple::<i64>().all(&tx.db).await?);
    Ok(numbers)
}

fn hash(labels: &Labels) -> Result<Vec<u8>> {
    // Sorted by key, so that equal sets have equal texts.
    let text = serde_json::to_vec(labels).map_err(Error::internal)?;
    Ok(Sha256::digest(text).to_vec())
}
