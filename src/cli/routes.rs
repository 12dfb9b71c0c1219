//! `docket routes`: what the old APIs answer to, and the GraphQL operations that stand behind.

use serde_json::to_value;

use super::failure::Failure;
use super::output::Output;
use crate::compat::{Listed, listed};
use crate::config::Loaded;

/// What to list.
#[derive(Debug, clap::Args)]
pub(super) struct Routes {
    /// Only those of one old API, such as topchef
    #[arg(long, value_name = "NAME")]
    dialect: Option<String>,
    /// As JSON, with the text of every operation
    #[arg(long)]
    json: bool,
}

/// Lists them as this configuration places them.
pub(super) fn run(asked: &Routes, loaded: &Loaded, mut output: Output) -> Result<(), Failure> {
    let mut all = listed(&loaded.config);
    if let Some(name) = &asked.dialect {
        let names: Vec<_> = all.iter().map(|listed| listed.dialect).collect();
        if !names.contains(&name.as_str()) {
            return Err(Failure::Input(format!("there is no old API {name:?}; there are {}", names.join(", "))));
        }
        all.retain(|listed| listed.dialect == name);
    }
    if asked.json {
        return Ok(output.json(&to_value(&all).unwrap_or_default())?);
    }
    for listed in &all {
        for line in text(listed) {
            output.line(&line)?;
        }
    }
    Ok(())
}

fn text(listed: &Listed) -> Vec<String> {
    let place = if listed.enabled { format!("at {}", listed.mount) } else { "switched off".to_owned() };
    let mut lines = vec![format!("{} ({}), {place}", listed.title, listed.dialect), String::new()];
    for route in &listed.routes {
        lines.push(format!("{} {}", route.method, route.path));
        lines.push(format!("    {}", route.summary));
        let word = if route.operations.is_empty() { "No operation" } else { "Beside" };
        lines.extend(route.reason.map(|reason| format!("    {word}: {reason}")));
        for run in &route.operations {
            lines.push(String::new());
            lines.extend(run.document.trim_end().lines().map(|line| format!("        {line}")));
        }
        lines.push(String::new());
    }
    lines.push("Errors".to_owned());
    lines.extend(listed.errors.iter().map(|error| format!("    {:<21} {}", error.code, error.status)));
    lines.push(String::new());
    lines
}
