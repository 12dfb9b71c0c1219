//! The programs that are measured, and the folder and the databases that they keep their rows in.

use std::env;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::Result;
use crate::databases::{Databases, Name};
use crate::floor::FLOOR_DATABASE;
use crate::server::{Server, free_address};

/// The password of the first admin of the seeded database. It lives as long as the folder does.
pub const ADMIN_PASSWORD: &str = "bench: a password nobody else needs";

/// An ordinary user, who makes services, owns all jobs and asks for them.
pub const USER: &str = "bench";

/// That user's password.
pub const USER_PASSWORD: &str = "bench: another password nobody needs";

/// docket's executable, and a folder that is removed at the end.
pub struct Place {
    docket: PathBuf,
    folder: TempDir,
}

/// The programs, and where their databases are.
pub struct Programs<'a> {
    /// The executable and the folder.
    pub place: &'a Place,
    /// The databases.
    pub databases: &'a Databases,
}

/// The servers under load. They run side by side; each is idle while another one is measured.
pub struct Fleet {
    /// docket.
    pub docket: Server,
    /// The floor with group commit, as docket has it.
    pub floor: Server,
    /// The floor with a transaction for every request, where the other one has group commit.
    pub floor_single: Option<Server>,
}

impl Fleet {
    /// Stops them all.
    pub fn stop(self) -> Result<()> {
        self.docket.stop()?;
        self.floor.stop()?;
        self.floor_single.map_or(Ok(()), Server::stop)
    }
}

impl Place {
    /// Finds docket's executable: the one given, or the one beside this program, which is built first if cargo runs us,
    /// so that what is measured is the code that is there.
    pub fn find(given: Option<PathBuf>) -> Result<Self> {
        let own = env::current_exe()?;
        let beside = own.parent().ok_or("this program is in no folder")?;
        if given.is_none() {
            build(beside.ends_with("release"))?;
        }
        let docket = given.unwrap_or_else(|| beside.join("docket"));
        if !docket.is_file() {
            let path = docket.display();
            return Err(format!("{path} is not there; build docket first, or name it with DOCKET_BIN").into());
        }
        // Beside the build and not in the system's temporary folder, which may lie in memory, where a commit costs
        // nothing.
        let folder = tempfile::Builder::new().prefix("bench-").tempdir_in(beside)?;
        Ok(Self { docket: docket.canonicalize()?, folder })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

impl Programs<'_> {
    /// Starts docket on its database.
    pub fn docket(&self) -> Result<Server> {
        let address = free_address()?;
        let mut command = self.docket_command();
        command.arg("serve").env("DOCKET_LISTEN", address.to_string()).env("DOCKET_ADMIN_PASSWORD", ADMIN_PASSWORD);
        self.start("docket", address, command)
    }

    /// Makes [`USER`] by docket's own command line, which works beside a running server.
    pub fn make_user(&self) -> Result<()> {
        let mut command = self.docket_command();
        command.args(["user", "create", USER, "--role", "service-author", "--password-stdin"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
        let mut stdin = child.stdin.take().ok_or("the child has no standard input")?;
        writeln!(stdin, "{USER_PASSWORD}")?;
        drop(stdin);
        let status = child.wait()?;
        if status.success() { Ok(()) } else { Err(format!("docket user create: {status}").into()) }
    }

    /// Takes over what an older system has kept in a folder, by docket's own command line, while no server runs.
    pub fn import(&self, system: &str, folder: &Path) -> Result<()> {
        let mut command = self.docket_command();
        let status = command.args(["import", system]).arg(folder).stdout(Stdio::null()).status()?;
        if status.success() { Ok(()) } else { Err(format!("docket import {system}: {status}").into()) }
    }

    fn docket_command(&self) -> Command {
        let mut command = Command::new(&self.place.docket);
        // Nothing that the caller has set for another docket may leak into this one.
        for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("DOCKET_")) {
            command.env_remove(name);
        }
        command.current_dir(self.place.folder()).env("DOCKET_DATABASE_URL", self.databases.url(Name::Docket));
        command
    }

    /// Starts the floor on its copy of the database.
    pub fn floor(&self) -> Result<Server> {
        self.start_floor("floor", Name::Floor, &[])
    }

    /// Starts docket and the floors.
    pub fn fleet(&self) -> Result<Fleet> {
        let single = || self.start_floor("floor-single", Name::FloorSingle, &["--single-commits"]);
        Ok(Fleet {
            docket: self.docket()?,
            floor: self.floor()?,
            floor_single: self.databases.has_group_commit().then(single).transpose()?,
        })
    }

    fn start_floor(&self, name: &'static str, database: Name, options: &[&str]) -> Result<Server> {
        let address = free_address()?;
        let mut command = Command::new(env::current_exe()?);
        // By a variable: everybody may read the arguments of a process, and the URL may have a password.
        command.args(["floor", "--listen", &address.to_string()]).args(options);
        command.env(FLOOR_DATABASE, self.databases.url(database));
        self.start(name, address, command)
    }

    fn start(&self, name: &'static str, address: SocketAddr, command: Command) -> Result<Server> {
        let log = self.place.folder().join(name).with_extension("log");
        Server::start(name, address, "/readyz", command, &log, self.databases.worker())
    }
}

fn build(release: bool) -> Result<()> {
    let Some(cargo) = env::var_os("CARGO") else { return Ok(()) };
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--package", "docket", "--bin", "docket"]);
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")));
    if release {
        command.arg("--release");
    }
    let status = command.status()?;
    if status.success() { Ok(()) } else { Err("docket does not build".into()) }
}
