//! `docket serve`: the server itself.

use std::io;
use std::net::TcpListener;

use secrecy::{ExposeSecret, SecretString};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use super::failure::{Failure, say};
use super::log;
use super::output::Output;
use super::stand_in;
use crate::compat;
use crate::config::{Config, Flag, Loaded, Origin};
use crate::demo::{self, Demo};
use crate::infra::clock::Clock;
use crate::server::{Ground, Server};

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

/// Serves until SIGTERM or SIGINT.
pub(super) async fn run(serve: &Serve, mut loaded: Loaded) -> Result<(), Failure> {
    if serve.demo {
        demo::require_loopback(&loaded.config)?;
        quieten(&mut loaded);
    }
    let bound = if serve.demo { demo::open_old_apis(&mut loaded.config) } else { Vec::new() };
    log::start(loaded.config.log.format, &loaded.config.log.filter);
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    let given = std::env::var("DOCKET_ADMIN_PASSWORD").ok().map(SecretString::from);
    let mut stop = signals().map_err(|error| Failure::Input(format!("signals cannot be received: {error}")))?;
    let server = Box::pin(start(serve, loaded.config, bound, given.clone())).await?;
    if !serve.demo {
        for warning in stand_in::warnings(&server.app).await {
            tracing::warn!("{warning}");
        }
    }
    let done = serve_until_stopped(serve, &server, given, &mut stop).await;
    tracing::info!("stopping");
    let stopped = server.stop().await?;
    if stopped.cut > 0 {
        tracing::warn!(cut = stopped.cut, "connections did not end in time and were cut");
    }
    tracing::info!("stopped");
    done
}

async fn start(
    serve: &Serve,
    config: Config,
    bound: Vec<TcpListener>,
    admin_password: Option<SecretString>,
) -> Result<Server, Failure> {
    let ground = Box::pin(Ground::take_with(config, Clock::default(), bound)).await?;
    if serve.demo
        && let Err(refusal) = demo::claim_database(&ground.app).await
    {
        ground.app.db.close().await;
        return Err(refusal.into());
    }
    Ok(ground.start(admin_password).await?)
}

async fn serve_until_stopped(
    serve: &Serve,
    server: &Server,
    given: Option<SecretString>,
    stop: &mut mpsc::Receiver<()>,
) -> Result<(), Failure> {
    tracing::info!(address = %server.address, "serving GraphQL at {}/graphql", server.app.config.public_url);
    for ((name, _), address) in compat::addresses(&server.app.config).into_iter().zip(&server.addresses) {
        tracing::info!(%address, "serving the old API {name} at an address of its own");
    }
    if serve.demo {
        let demo = Demo::start(server, given).await?;
        let shown = Output::stdout().line(&demo.introduction.to_string());
        if shown.is_ok() {
            stop.recv().await;
        }
        demo.stop().await;
        return Ok(shown?);
    }
    if let Some(password) = &server.admin_password {
        say(&format!("The first admin is `admin` with the password {} (shown this once).", password.expose_secret()));
    }
    stop.recv().await;
    Ok(())
}

/// The demo's own workers would write a line every second, and nobody would find the introduction again.
fn quieten(loaded: &mut Loaded) {
    if *loaded.origin("log.filter") == Origin::Default {
        "info,docket::access=warn,sea_orm_migration=warn".clone_into(&mut loaded.config.log.filter);
    }
}

/// Receives once for the first SIGTERM or SIGINT. A second one ends the process at once, as people expect.
fn signals() -> io::Result<mpsc::Receiver<()>> {
    let (sender, receiver) = mpsc::channel(1);
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::spawn(async move {
        for count in 0.. {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if count > 0 {
                tracing::warn!("stopped by a second signal");
                std::process::exit(130);
            }
            let _ = sender.send(()).await;
        }
    });
    Ok(receiver)
}
