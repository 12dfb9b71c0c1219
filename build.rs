//! Builds the playground out of `ui/` and leaves it where `src/http/playground.rs` takes it into the program.
//!
//! That needs Node and npm, and the network once, for `npm ci`. Without them the page says how to build it, and
//! everything else works. The variable `DOCKET_UI` decides otherwise: `skip` does not even try, `require` fails.
//! Nothing here runs again until something in `ui/` changes.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What the playground is made of; `node_modules` follows from the lock file.
const SOURCES: [&str; 6] =
    ["src", "index.html", "package.json", "package-lock.json", "tsconfig.json", "vite.config.ts"];
/// The lock file that `node_modules` was installed from.
const INSTALLED: &str = "node_modules/.docket-lock.json";
/// The first Node that Vite runs on.
const LEAST_NODE: (u32, u32) = (20, 19);

const VERSION_WITHIN: Duration = Duration::from_secs(20);
const INSTALL_WITHIN: Duration = Duration::from_mins(5);
const BUILD_WITHIN: Duration = Duration::from_mins(5);

/// Why there is no playground.
enum Trouble {
    /// The tools or the network are missing: no reason to keep anybody from building the server.
    Missing(String),
    /// The pages themselves are wrong.
    Broken(String),
}

fn main() {
    for source in SOURCES {
        println!("cargo::rerun-if-changed=ui/{source}");
    }
    println!("cargo::rerun-if-env-changed=DOCKET_UI");
    let out = std::env::var("OUT_DIR").expect("cargo says where to build");
    let (out, ui) = (Path::new(&out), Path::new("ui"));
    let pages = out.join("ui");
    let _absent = fs::remove_dir_all(&pages);
    fs::create_dir_all(&pages).expect("the folder of the build can be written");
    let wish = std::env::var("DOCKET_UI").unwrap_or_default();
    let built = match wish.as_str() {
        "skip" => Err(Trouble::Missing("DOCKET_UI=skip was set.".to_owned())),
        "" | "require" => install(ui, out).and_then(|()| build(ui, out, &pages)),
        other => panic!("DOCKET_UI is {other:?}; it may be `skip` or `require`"),
    };
    match built {
        Ok(()) => {}
        Err(Trouble::Broken(why)) => panic!("the playground cannot be built: {why}"),
        Err(Trouble::Missing(why)) if wish == "require" => panic!("the playground cannot be built: {why}"),
        Err(Trouble::Missing(why)) => {
            if wish.is_empty() {
                println!("cargo::warning=docket is built without its playground: {why}");
            }
            fs::write(pages.join("index.html"), plain_page(&why)).expect("the folder of the build can be written");
        }
    }
}

/// Fills `node_modules`, unless it is what the lock file asks for.
fn install(ui: &Path, out: &Path) -> Result<(), Trouble> {
    require_node(out).map_err(Trouble::Missing)?;
    let lock = fs::read(ui.join("package-lock.json")).map_err(|error| Trouble::Broken(error.to_string()))?;
    if fs::read(ui.join(INSTALLED)).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    let mut npm = Command::new("npm");
    npm.args(["ci", "--ignore-scripts", "--include=dev", "--no-audit", "--no-fund", "--fetch-retries=1"])
        .current_dir(ui);
    run(npm, out, INSTALL_WITHIN).map_err(|why| Trouble::Missing(format!("`npm ci` failed: {why}")))?;
    fs::write(ui.join(INSTALLED), lock).map_err(|error| Trouble::Broken(error.to_string()))
}

fn require_node(out: &Path) -> Result<(), String> {
    let mut node = Command::new("node");
    node.arg("--version");
    let said = run(node, out, VERSION_WITHIN).map_err(|why| format!("Node is missing ({why})."))?;
    let mut numbers = said.trim().trim_start_matches('v').split('.').map(str::parse);
    let version = match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor),
        _ => return Err(format!("Node says that its version is {said:?}.")),
    };
    if version < LEAST_NODE {
        return Err(format!("Node {}.{} or newer is needed, and this is {}.", LEAST_NODE.0, LEAST_NODE.1, said.trim()));
    }
    let mut npm = Command::new("npm");
    npm.arg("--version");
    run(npm, out, VERSION_WITHIN).map_err(|why| format!("npm is missing ({why}).")).map(|_| ())
}

fn build(ui: &Path, out: &Path, pages: &Path) -> Result<(), Trouble> {
    let mut vite = Command::new("node");
    vite.args(["node_modules/vite/bin/vite.js", "build", "--logLevel", "warn", "--outDir"]).arg(pages).current_dir(ui);
    run(vite, out, BUILD_WITHIN).map(|_| ()).map_err(Trouble::Broken)
}

/// Runs a command to its end, at most for so long, and returns what it wrote.
fn run(mut command: Command, out: &Path, within: Duration) -> Result<String, String> {
    // Into a file: a pipe that nobody empties would stop the command.
    let log = out.join("command.log");
    let file = File::create(&log).map_err(|error| error.to_string())?;
    let errors = file.try_clone().map_err(|error| error.to_string())?;
    // A setting for servers: npm would leave out what is only needed for building.
    command.env_remove("NODE_ENV").stdin(Stdio::null()).stdout(file).stderr(errors);
    let mut child = command.spawn().map_err(|error| error.to_string())?;
    let end = Instant::now() + within;
    let status = loop {
        match child.try_wait().map_err(|error| error.to_string())? {
            Some(status) => break status,
            None if Instant::now() < end => std::thread::park_timeout(Duration::from_millis(20)),
            None => {
                let _ended_meanwhile = child.kill();
                let _reaped = child.wait();
                return Err(format!("it did not end within {within:?}"));
            }
        }
    };
    let said = String::from_utf8_lossy(&fs::read(&log).unwrap_or_default()).into_owned();
    if status.success() { Ok(said) } else { Err(format!("{status}: {}", said.trim())) }
}

fn plain_page(why: &str) -> String {
    // The first line only, and harmless in HTML.
    let why = why.lines().next().unwrap_or_default().replace('&', "&amp;").replace('<', "&lt;");
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>docket</title>\n\
         <h1>docket</h1>\n\
         <p>This docket was built without its playground. {why}</p>\n\
         <p>To get it, install Node {}.{} or newer with npm, and build again in the checkout:</p>\n\
         <pre>DOCKET_UI=require cargo build --release</pre>\n\
         <p>The API itself is at <a href=\"graphql\">graphql</a>, and works with every GraphQL client.</p>\n</html>\n",
        LEAST_NODE.0, LEAST_NODE.1
    )
}
