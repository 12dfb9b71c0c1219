//! Per-request loaders: rows that objects point at, fetched together and once.
//!
//! Connections fetch the related rows of a page themselves when the document asks for them (look-ahead); loaders serve
//! every other path. A loader batches by yielding to the other resolvers of the request, without a timer.

use std::{
    collections::HashMap,
    fmt,
    future::Future,
    hash::Hash,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

mod numbers;
mod used;

use dataloader::{BatchFn, cached::Loader};
use entity::{
    Total, account, favorite, file, group, job, job_slurm, ledger, legacy_number, project, project_data,
    project_member, runner, server, service, service_version, user,
};
use futures_util::future::BoxFuture;
use uuid::Uuid;

use crate::{
    app::App,
    domain::{self, ledger::Charges, usage::UsedOf},
    error::{Error, Result},
    viewer::Viewer,
};

use numbers::{NumberOf, Numbers};
use used::Used;

type Query<R, K> = fn(App, Viewer, Vec<K>) -> BoxFuture<'static, Result<Vec<R>>>;
type Loaded<R> = std::result::Result<Option<Arc<R>>, Arc<Error>>;
type Rows<R, K = i64> = Loader<K, Loaded<R>, Fetch<R, K>>;

/// The loaders of one request, made when they are first used.
pub struct Loaders {
    app: App,
    viewer: Viewer,
    set: Mutex<Arc<Set>>,
}

#[derive(Default)]
struct Set {
    users: OnceLock<Rows<user::Model>>,
    servers: OnceLock<Rows<server::Model>>,
    services: OnceLock<Rows<service::Model>>,
    versions: OnceLock<Rows<service_version::Model>>,
    runners: OnceLock<Rows<runner::Model>>,
    jobs: OnceLock<Rows<job::Model>>,
    whole_jobs: OnceLock<Rows<job::Model>>,
    accounts: OnceLock<Rows<account::Model>>,
    entries: OnceLock<Rows<ledger::Model>>,
    charges: OnceLock<Rows<Charges, Uuid>>,
    slurm: OnceLock<Rows<job_slurm::Model>>,
    projects: OnceLock<Rows<project::Model>>,
    project_names: OnceLock<Rows<(i64, String)>>,
    paid_projects: OnceLock<Rows<project::Model>>,
    project_owners: OnceLock<Rows<project_member::Model>>,
    favorites: OnceLock<Rows<favorite::Model>>,
    groups: OnceLock<Rows<group::Model>>,
    data: OnceLock<Rows<project_data::Model>>,
    files_of_data: OnceLock<Rows<file::Model>>,
    used: OnceLock<Loader<UsedOf, Loaded<Total>, Used>>,
    legacy_numbers: OnceLock<Loader<NumberOf, Loaded<i64>, Numbers>>,
}

/// How rows of one kind are fetched by their keys, which are internal ids for most.
struct Fetch<R, K> {
    app: App,
    viewer: Viewer,
    query: Query<R, K>,
    id: fn(&R) -> K,
}

impl<R, K: Copy + Eq + Hash> BatchFn<K, Loaded<R>> for Fetch<R, K> {
    fn load(&mut self, keys: &[K]) -> impl Future<Output = HashMap<K, Loaded<R>>> {
        let rows = (self.query)(self.app.clone(), self.viewer.clone(), keys.to_vec());
        let (keys, id) = (keys.to_vec(), self.id);
        async move {
            match rows.await {
                Ok(rows) => {
                    let mut found: HashMap<K, Loaded<R>> = keys.iter().map(|key| (*key, Ok(None))).collect();
                    found.extend(rows.into_iter().map(|row| (id(&row), Ok(Some(Arc::new(row))))));
                    found
                }
                Err(error) => {
                    let error = Arc::new(error);
                    keys.iter().map(|key| (*key, Err(Arc::clone(&error)))).collect()
                }
            }
        }
    }
}

impl Loaders {
    /// Loaders for one request of `viewer`.
    #[must_use]
    pub fn new(app: App, viewer: Viewer) -> Self {
        Self { app, viewer, set: Mutex::default() }
    }

    /// Forgets everything: a subscription's next event must see rows as they are then.
    pub fn renew(&self) {
        *self.set.lock().unwrap_or_else(PoisonError::into_inner) = Arc::default();
    }

    /// A user.
    pub async fn user(&self, id: i64) -> Result<Option<Arc<user::Model>>, Arc<Error>> {
        let set = self.set();
        let fetch =
            || self.loader(|app, _, ids| Box::pin(async move { domain::user::by_ids(&app, &ids).await }), |row| row.id);
        one(set.users.get_or_init(fetch), id).await
    }

    /// The server that runs a service which the caller may see; none names this one.
    pub async fn server(&self, id: Option<i64>) -> Result<Option<Arc<server::Model>>, Arc<Error>> {
        let set = self.set();
        let fetch = || {
            self.loader(
                |app, _, ids| Box::pin(async move { domain::server::by_ids(&app, &ids).await }),
                |row: &server::Model| if row.is_local { 0 } else { row.id },
            )
        };
        one(set.servers.get_or_init(fetch), id.unwrap_or(0)).await
    }

    /// A service, deleted ones included.
    pub async fn service(&self, id: i64) -> Result<Option<Arc<service::Model>>, Arc<Error>> {
        let set = self.set();
        let fetch = || {
            self.loader(|app, _, ids| Box::pin(async move { domain::service::by_ids(&app, &ids).await }), |row| row.id)
        };
        one(set.services.get_or_init(fetch), id).await
    }

    /// A version of a service.
    pub async fn version(&self, id: i64) -> Result<Option<Arc<service_version::Model>>, Arc<Error>> {
        let set = self.set();
        let fetch = || {
            self.loader(
                |app, _, ids| Box::pin(async move { domain::service::versions(&app, &ids).await }),
                |row| row.id,
            )
        };
        one(set.versions.get_or_init(fetch), id).await
    }

    /// A runner.
    pub async fn runner(&self, id: i64) -> Result<Option<Arc<runner::Model>>, Arc<Error>> {
        let set = self.set();
        let fetch = || {
            self.loader(|app, _, ids| Box::pin(async move { domain::runner::by_ids(&app, &ids).await }), |row| row.id)
        };
        one(set.runners.get_or_init(fetch), id).await
    }

    /// A job that the viewer may see.
    pub async fn job(&self, id: i64) -> Result<Option<Arc<job::Model>>, Arc<Error>> {
        let set = self.set();
        let fetch = || {
            self.loader(
                |app, viewer, ids| Box::pin(async move { domain::job::by_ids(&app, &viewer, &ids).await }),
                |row: &job::Model| row.id,
            )
        };
        one(set.jobs.get_or_init(fetch), id).await
    }

    /// A job that the caller has in its hands already, with everything that it has.
    pub async fn whole_job(&self, id: i64) -> Result<Option<Arc<job::Model>>, Arc<Error>> {
        let set = self.set();
        let fetch = || {
            self.loader(
                |app, _, ids| Box::pin(async move { domain::job::whole_by_ids(&app, &ids).await }),
                |row: &job::Model| row.id,
            )
        };
        one(set.whole_jobs.get_or_init(fetch), id).await
    }

    /// An account that the viewer may see, or could before it was deleted.
    pub async fn account(&self, id: i64) -> Result<Option<Arc<account::Model>>, Arc<Error>> {
        let set = self.set();
        let fetch = || {
            self.loader(
                |app, viewer, ids| Box::pin(async move { domain::account::by_ids(&app, &viewer, &ids).await }),
                |row: &account::Model| row.id,
            )
        };
        one(set.accounts.get_or_init(fetch), id).await
    }

    /// An entry of the ledger that the viewer may see.
    pub async fn entry(&self, id: i64) -> Result<Option<Arc<ledger::Model>>, Arc<Error>> {
        let set = self.set();
        let fetch = || {
            self.loader(
                |app, viewer, ids| Box::pin(async move { domain::ledger::by_ids(&app, &viewer, &ids).await }),
                |row: &ledger::Model| row.id,
            )
        };
        one(set.entries.get_or_init(fetch), id).await
    }

    /// What was booked for a job (outside id), as far as the viewer may see it.
    pub async fn charges(&self, job_uid: Uuid) -> Result<Option<Arc<Charges>>, Arc<Error>> {
        let set = self.set();
        let fetch = || {
            self.loader(
                |app, viewer, uids| Box::pin(async move { domain::ledger::of_jobs(&app, &viewer, &uids).await }),
                |charges: &Charges| charges.job_uid,
            )
        };
        one(set.charges.get_or_init(fetch), job_uid).await
    }

    /// What a batch system says of a job that the caller has in its hands already.
    pub async fn slurm(&self, job_id: i64) -> Result<Option<Arc<job_slurm::Model>>, Arc<Error>> {
        one(self.slurms(&self.set()), job_id).await
    }

    fn slurms<'a>(&self, set: &'a Set) -> &'a Rows<job_slurm::Model> {
        let query = |app, _, ids: Vec<i64>| -> BoxFuture<'static, _> {
            Box::pin(async move { domain::job::slurm_by_ids(&app, &ids).await })
        };
        set.slurm.get_or_init(|| self.loader(query, |row| row.job_id))
    }

    /// Takes what a batch system says of a job from who has read it already.
    pub async fn know_slurm(&self, row: job_slurm::Model) {
        let (id, known) = (row.job_id, (!row.is_blank()).then(|| Arc::new(row)));
        self.slurms(&self.set()).prime(id, Ok(known)).await;
    }

    /// A project that the viewer may see.
    pub async fn project(&self, id: i64) -> Result<Option<Arc<project::Model>>, Arc<Error>> {
        let set = self.set();
        let fetch = || {
            self.loader(
                |app, viewer, ids| Box::pin(async move { domain::project::by_ids(&app, &viewer, &ids).await }),
                |row: &project::Model| row.id,
            )
        };
        one(set.projects.get_or_init(fetch), id).await
    }

    /// The id and the name of a project, of a service that the caller may see.
    pub async fn project_name(&self, id: i64) -> Result<Option<Arc<(i64, String)>>, Arc<Error>> {
        let set = self.set();
        let fetch = || {
            self.loader(
                |app, _, ids| Box::pin(async move { domain::project::names(&app, &ids).await }),
                |(id, _): &(i64, String)| *id,
            )
        };
        one(set.project_names.get_or_init(fetch), id).await
    }

    /// A project that an entry of the ledger names.
    pub async fn paid_project(&self, id: i64) -> Result<Option<Arc<project::Model>>, Arc<Error>> {
        let set = self.set();
        let fetch = || {
            self.loader(
                |app, viewer, ids| {
                    Box::pin(async move { domain::project::by_ids_of_entries(&app, &viewer, &ids).await })
                },
                |row: &project::Model| row.id,
            )
        };
        one(set.paid_projects.get_or_init(fetch), id).await
    }

    /// Who owns a project that the caller has in its hands already.
    pub async fn project_owner(&self, project_id: i64) -> Result<Option<Arc<project_member::Model>>, Arc<Error>> {
        let set = self.set();
        let fetch = || {
            self.loader(
                |app, _, ids| Box::pin(async move { domain::project::owners(&app, &ids).await }),
                |row: &project_member::Model| row.project_id,
            )
        };
        one(set.project_owners.get_or_init(fetch), project_id).await
    }

    /// The viewer's mark on a project.
    pub async fn favorite(&self, project_id: i64) -> Result<Option<Arc<favorite::Model>>, Arc<Error>> {
        let set = self.set();
        let fetch = || {
            self.loader(
                |app, viewer, ids| Box::pin(async move { domain::project::favorites(&app, &viewer, &ids).await }),
                |row: &favorite::Model| row.project_id,
            )
        };
        one(set.favorites.get_or_init(fetch), project_id).await
    }

    /// A group that has a role in a project that the caller may see.
    pub async fn group(&self, id: i64) -> Result<Option<Arc<group::Model>>, Arc<Error>> {
        let set = self.set();
        let fetch = || {
            self.loader(
                |app, _, ids| Box::pin(async move { domain::group::by_ids(&app, &ids).await }),
                |row: &group::Model| row.id,
            )
        };
        one(set.groups.get_or_init(fetch), id).await
    }

    /// Data of a project that the viewer may see.
    pub async fn data(&self, id: i64) -> Result<Option<Arc<project_data::Model>>, Arc<Error>> {
        let set = self.set();
        let fetch = || {
            self.loader(
                |app, viewer, ids| Box::pin(async move { domain::project_data::by_ids(&app, &viewer, &ids).await }),
                |row: &project_data::Model| row.id,
            )
        };
        one(set.data.get_or_init(fetch), id).await
    }

    /// The file of data that the caller has in its hands already.
    pub async fn file_of_data(&self, data_id: i64) -> Result<Option<Arc<file::Model>>, Arc<Error>> {
        let set = self.set();
        let fetch = || {
            self.loader(
                |app, _, ids| Box::pin(async move { domain::project_data::files(&app, &ids).await }),
                |row: &file::Model| row.data_id.unwrap_or_default(),
            )
        };
        one(set.files_of_data.get_or_init(fetch), data_id).await
    }

    /// What an account, or a member of it, used in a span of time.
    pub async fn used(&self, of: UsedOf) -> Result<Option<Arc<Total>>, Arc<Error>> {
        let set = self.set();
        let batch = || Used { app: self.app.clone(), viewer: self.viewer.clone() };
        one(set.used.get_or_init(|| Loader::new(batch()).with_yield_count(1)), of).await
    }

    /// The number of a row in a dialect; `draws` says whether a row without one gets it.
    pub async fn legacy_number(
        &self,
        dialect: legacy_number::Dialect,
        noun: legacy_number::Noun,
        row_id: i64,
        draws: bool,
    ) -> Result<Option<i64>, Arc<Error>> {
        if let Some(number) = self.app.numbers.get(dialect, noun, row_id) {
            return Ok(Some(number));
        }
        let set = self.set();
        let loader =
            set.legacy_numbers.get_or_init(|| Loader::new(Numbers { app: self.app.clone() }).with_yield_count(1));
        Ok(one(loader, NumberOf { dialect, noun, row_id, draws }).await?.map(|number| *number))
    }

    fn set(&self) -> Arc<Set> {
        Arc::clone(&self.set.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn loader<R, K: Copy + Eq + Hash + fmt::Debug>(&self, query: Query<R, K>, id: fn(&R) -> K) -> Rows<R, K> {
        Loader::new(Fetch { app: self.app.clone(), viewer: self.viewer.clone(), query, id }).with_yield_count(1)
    }
}

/// Loads one row. A sibling that was cancelled between taking the pending keys and storing their rows leaves a gap;
/// asking once more fills it.
async fn one<K, R, F>(loader: &Loader<K, Loaded<R>, F>, key: K) -> Loaded<R>
where
    K: Eq + Hash + Copy + fmt::Debug,
    F: BatchFn<K, Loaded<R>>,
{
    for _ in 0..2 {
        if let Ok(loaded) = loader.try_load(key).await {
            return loaded;
        }
    }
    Err(Arc::new(Error::internal("a loader lost a key twice")))
}

impl fmt::Debug for Loaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loaders").finish_non_exhaustive()
    }
}
