//! `docket serve`: the server itself.

use crate::config::Flag;

/// The flags of the server. Everything else is a matter of the file or the environment.
#[derive(Debug, clap::Args)]
pub(super) struct Serve {
    /// Where to listen, such as 127.0.0.1:8080; port 0 takes any free one
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// The address under which clients reach the server [default: http:// and where it listens]
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Fill an empty database with an example and run its workers; on loopback only
    #[arg(long)]
    pub demo: bool,
}

impl Serve {
    /// The flags that stand for keys of the configuration.
    pub fn flags(&self) -> Vec<Flag> {
        let listen = self.listen.clone().map(|value| Flag { path: "listen", name: "--listen", value });
        let public_url = self.public_url.clone().map(|value| Flag { path: "public_url", name: "--public-url", value });
        listen.into_iter().chain(public_url).collect()
    }
}
