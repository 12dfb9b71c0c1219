//! The same requests in two languages: GraphQL for docket, plain routes for the floor.

use serde_json::{Value, json};

use crate::Result;
use crate::client::{get, post};
use crate::socket::Dialect;
use crate::world::World;

/// Which server is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// docket's GraphQL.
    Docket,
    /// The floor's routes.
    Floor,
}

/// Makes requests for one side, about the rows that both have.
#[derive(Clone, Copy)]
pub struct Requests<'a> {
    /// Which side.
    pub side: Side,
    /// The rows.
    pub world: &'a World,
}

const JOB: &str = "query Job($id: ID!) { job(id: $id) { id number status parameters results priority attempt progress \
                   message submittedAt startedAt finishedAt updatedAt } }";

/// What `TopChef`'s API shows of a job, by GraphQL.
pub const ALIKE: &str = "query Alike($id: ID!) { job(id: $id) { id origin status submittedAt parameters results } }";

const PAGE: &str = "query Page { jobs(first: 100) { nodes { id number status priority attempt progress message \
                    submittedAt startedAt finishedAt owner { id username } service { id name title } } \
                    pageInfo { hasNextPage } } }";

const PAID_PAGE: &str = "query PaidPage { jobs(first: 100) { nodes { id number status priority attempt progress message \
                         submittedAt startedAt finishedAt owner { id username } account { id name } } \
                         pageInfo { hasNextPage } } }";

const AFTER: &str = "query After($after: String) { jobs(first: 100, after: $after) { nodes { id number status priority \
                     attempt progress message submittedAt startedAt finishedAt owner { id username } \
                     service { id name title } } pageInfo { hasNextPage } } }";

const OF_SERVICE: &str = "query OfService($filter: JobFilter) { jobs(first: 100, filter: $filter) { \
                          pageInfo { endCursor } } }";

const SUBMIT: &str = "mutation Submit($input: JobSubmitInput!) { jobSubmit(input: $input) { job { id status } } }";

const CLAIM: &str = "mutation Claim($input: WorkClaimInput!) { workClaim(input: $input) { leases { token attempt \
                     job { id parameters } } } }";

const COMPLETE: &str =
    "mutation Complete($input: WorkCompleteInput!) { workComplete(input: $input) { job { id status } } }";

const FOLLOW: &str = "subscription Follow($filter: JobEventFilter) { jobEvents(filter: $filter) { cursor live event { \
                      __typename ... on JobStatusChanged { jobId revision attempt at from to message } } } }";

/// A GraphQL request as bytes. Without a token it is anonymous.
pub fn graphql(token: Option<&str>, query: &str, variables: &Value) -> Result<Vec<u8>> {
    post("/graphql", token, &json!({ "query": query, "variables": variables }))
}

impl Requests<'_> {
    /// One job by its id.
    pub fn job(&self, id: &str) -> Result<Vec<u8>> {
        match self.side {
            Side::Docket => graphql(Some(&self.world.user), JOB, &json!({ "id": id })),
            Side::Floor => Ok(get(&format!("/jobs/{}", uid(id)), &self.world.user)),
        }
    }

    /// The newest 100 jobs that the holder of a token may see, with owner and service.
    pub fn page(&self, token: &str) -> Result<Vec<u8>> {
        match self.side {
            Side::Docket => graphql(Some(token), PAGE, &json!({})),
            Side::Floor => Ok(get("/jobs", token)),
        }
    }

    /// The same with owner and account.
    pub fn paid_page(&self, token: &str) -> Result<Vec<u8>> {
        match self.side {
            Side::Docket => graphql(Some(token), PAID_PAGE, &json!({})),
            Side::Floor => Ok(get("/jobs/paid", token)),
        }
    }

    /// The 100 jobs after a cursor that the user may see, with owner and service; without one the newest. docket only.
    pub fn after(&self, cursor: Option<&str>) -> Result<Vec<u8>> {
        graphql(Some(&self.world.user), AFTER, &json!({ "after": cursor }))
    }

    /// The cursor after the newest 100 jobs of a service, which is good for any list in the same order. docket only.
    pub fn cursor(&self, service: &str) -> Result<Vec<u8>> {
        graphql(Some(&self.world.user), OF_SERVICE, &json!({ "filter": { "serviceId": { "eq": service } } }))
    }

    /// A new job of a service; the account pays for what has a price.
    pub fn submit(&self, service: &str) -> Result<Vec<u8>> {
        let parameters = parameters();
        let account = self.world.services.is_paid(service).then_some(self.world.account.as_str());
        match self.side {
            Side::Docket => {
                let input = json!({ "serviceId": service, "parameters": parameters, "accountId": account });
                graphql(Some(&self.world.user), SUBMIT, &json!({ "input": input }))
            }
            Side::Floor => {
                let account = account.map(uid);
                let body = json!({ "service": uid(service), "parameters": parameters, "account": account });
                post("/jobs", Some(&self.world.user), &body)
            }
        }
    }

    /// One job from a service's queue.
    pub fn claim(&self, service: &str) -> Result<Vec<u8>> {
        match self.side {
            Side::Docket => {
                let input = json!({ "serviceIds": [service], "max": 1 });
                graphql(Some(&self.world.runner), CLAIM, &json!({ "input": input }))
            }
            Side::Floor => post("/work/claim", Some(&self.world.runner), &json!({ "service": uid(service) })),
        }
    }

    /// The lease in the answer to a claim.
    pub fn lease<'a>(&self, answer: &'a Value) -> Result<&'a str> {
        let path = match self.side {
            Side::Docket => "/data/workClaim/leases/0/token",
            Side::Floor => "/lease",
        };
        let lease = answer.pointer(path).and_then(Value::as_str);
        lease.ok_or_else(|| format!("a claim brought no job: {answer}").into())
    }

    /// The end of a claimed job.
    pub fn complete(&self, lease: &str) -> Result<Vec<u8>> {
        let results = json!({ "words": 9, "longest": "shoulders" });
        match self.side {
            Side::Docket => {
                let input = json!({ "leaseToken": lease, "results": results });
                graphql(Some(&self.world.runner), COMPLETE, &json!({ "input": input }))
            }
            Side::Floor => {
                post("/work/complete", Some(&self.world.runner), &json!({ "lease": lease, "results": results }))
            }
        }
    }

    /// How to subscribe to what happens to the jobs of a service.
    pub fn follow(&self, service: &str) -> Dialect {
        match self.side {
            Side::Docket => Dialect::GraphQl {
                token: self.world.user.clone(),
                query: FOLLOW.to_owned(),
                variables: json!({ "filter": { "serviceId": { "eq": service } } }),
            },
            Side::Floor => Dialect::Plain,
        }
    }
}

/// The parameters of every job that the harness submits.
pub fn parameters() -> Value {
    json!({ "text": "If I have seen further it is by standing on the shoulders of giants", "language": "en" })
}

/// The UUID within an outside id such as `job_0190f3…`.
pub fn uid(id: &str) -> &str {
    id.rsplit_once('_').map_or(id, |(_, uid)| uid)
}
