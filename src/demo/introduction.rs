//! What the demo prints: where it is, who may log in, and two lines to paste.

use std::fmt;
use std::net::SocketAddr;

use secrecy::{ExposeSecret, SecretString};

use super::feed::KEPT;
use super::people::People;

/// Everything a newcomer needs, shown once on stdout.
#[derive(Debug)]
pub struct Introduction {
    pub(super) address: SocketAddr,
    /// Old APIs that are open to callers without a credential: what each is called, and an address to read.
    pub(super) old: Vec<(&'static str, String)>,
    pub(super) database: String,
    pub(super) people: People,
    /// The id of the service `pi`.
    pub(super) pi_id: String,
}

/// Broken into lines for people; a shell and the server take it as it is.
const FOLLOW: &str = "subscription { jobEvents { event {
    __typename
    ... on JobStatusChanged { to job { number service { name } results } }
    ... on JobProgressed { progress message job { number } }
    ... on JobLogAppended { text job { number } }
  } } }";

impl Introduction {
    fn password(password: Option<&SecretString>) -> &str {
        password.map_or("(as in DOCKET_ADMIN_PASSWORD)", |password| password.expose_secret())
    }
}

impl fmt::Display for Introduction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = format!("http://{}", self.address);
        let People { admin_password, demo_password, token } = &self.people;
        let (token, pi_id, database) = (token.expose(), &self.pi_id, &self.database);
        let admin = Self::password(admin_password.as_ref());
        let demo = Self::password(Some(demo_password));
        let old: Vec<_> = self.old.iter().map(|(name, place)| format!("curl {place}  ({name})")).collect();
        let old = old.join("\n              ");
        write!(
            f,
            "\
docket demo on {url}, data in {database}

  GraphQL     {url}/graphql
  Playground  {url}/graphiql
  Metrics     {url}/metrics
  Old APIs    {url}/compat; callers without a token act as demo:
              {old}
  Users       admin  {admin}
              demo   {demo}
  Token       {token}  (of demo)

Two services, word-stats and pi, each with a runner. A new job every five seconds; the last {KEPT} are kept.

Follow the jobs:

curl -N -G {url}/graphql \\
  -H 'Authorization: Bearer {token}' \\
  -H 'Accept: text/event-stream' \\
  --data-urlencode 'query={FOLLOW}'

Submit one:

curl -w '\\n' {url}/graphql \\
  -H 'Authorization: Bearer {token}' \\
  -H 'Content-Type: application/json' \\
  -d '{{\"query\": \"mutation {{ jobSubmit(input: {{ serviceId: \\\"{pi_id}\\\", \
parameters: {{ samples: 1000000, seconds: 10 }} }}) {{ job {{ number status }} }} }}\"}}'

Passwords and token are new at each start. Ctrl-C ends the demo.
"
        )
    }
}
