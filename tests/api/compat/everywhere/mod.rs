//! What holds at every route of every old API: who gets what there, and that nothing makes it fail. The routes are those
//! of the tables, so that a new one is asked, too.

mod hostile;
mod rights;
mod topics;

use docket::compat::{DIALECTS, Dialect, Route};
use reqwest::RequestBuilder;
use serde_json::Value;

use crate::calls::World;
use crate::support::{Client, TestApp, form};
use topics::Topics;

/// A good request, without its sender.
pub struct Ask {
    pub method: reqwest::Method,
    /// With the mount.
    pub path: String,
    pub body: Body,
}

/// What it carries.
pub enum Body {
    Nothing,
    Json(Value),
    Form(Vec<(&'static str, String)>),
    /// Bytes and their media type.
    Raw(String, Vec<u8>),
}

impl Ask {
    pub fn by(&self, who: &Client) -> RequestBuilder {
        let request = who.request(self.method.clone(), &self.path);
        match &self.body {
            Body::Nothing => request,
            Body::Json(value) => request.json(value),
            Body::Form(fields) => {
                let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
                form(request, &fields)
            }
            Body::Raw(media_type, bytes) => request.header("content-type", media_type).body(bytes.clone()),
        }
    }
}

/// A server with something in it, whose old APIs are all there.
pub struct Everywhere {
    pub world: World,
    pub topics: Topics,
}

impl Everywhere {
    pub async fn new() -> Self {
        let world = World::with(topics::declare).await;
        let topics = Topics::new(&world).await;
        Self { world, topics }
    }

    pub fn app(&self) -> &TestApp {
        &self.world.app
    }

    /// Routes that do something of their own, which is all but those of OPTIONS.
    pub fn routes(dialect: &Dialect) -> Vec<Route> {
        (dialect.routes)().into_iter().filter(|route| route.method != "OPTIONS").collect()
    }

    /// What succeeds at a route for those who may; makes what the request will use up.
    pub async fn ask(&self, dialect: &Dialect, route: &Route) -> Ask {
        let mount = (dialect.mount)(&self.app().server.app.config).path;
        let (path, body) = self.topics.request(&self.world, dialect.name, route).await;
        // backrest alone has its slash at the root.
        let bare = path == "/" && dialect.name != "backrest";
        let path = if bare { mount } else { format!("{mount}{path}") };
        Ask { method: route.method.clone(), path, body }
    }
}

/// The dialect of this name.
pub fn dialect(name: &str) -> &'static Dialect {
    DIALECTS.iter().find(|dialect| dialect.name == name).expect("there is such a dialect")
}
