//! `docket routes`: what the old APIs answer to, and the GraphQL operations that stand behind.

use entity::dialect_use::{Caller, Model};
use serde_json::to_value;

use super::context::with_app;
use super::failure::Failure;
use super::output::{Format, Output, Record, record, time};
use crate::app::App;
use crate::compat::{Listed, counted_as, listed};
use crate::config::Loaded;
use crate::domain::{dialect_use, user};
use crate::viewer::Viewer;

/// What to list.
#[derive(Debug, clap::Args)]
pub(super) struct Routes {
    /// Only those of one old API, such as topchef
    #[arg(long, value_name = "NAME")]
    dialect: Option<String>,
    /// Who still uses them, the latest first
    #[arg(long)]
    used: bool,
    /// As JSON, with the text of every operation
    #[arg(long)]
    json: bool,
}

/// Lists the routes, or who uses them: that is in the database.
pub(super) async fn run(asked: &Routes, loaded: Loaded, output: Output) -> Result<(), Failure> {
    if let Some(name) = &asked.dialect {
        let names: Vec<_> = listed(&loaded.config).iter().map(|listed| listed.dialect).collect();
        if !names.contains(&name.as_str()) {
            return Err(Failure::Input(format!("there is no old API {name:?}; there are {}", names.join(", "))));
        }
    }
    if asked.used {
        return with_app(loaded, async |app| used(asked, app, output).await).await;
    }
    show(asked, &loaded, output)
}

async fn used(asked: &Routes, app: &App, mut output: Output) -> Result<(), Failure> {
    let operator = Viewer::local_operator();
    let mut rows = dialect_use::list(app, &operator).await?;
    let dialect = |row: &Model| counted_as(&app.config, row.dialect.word(), &row.route);
    rows.retain(|row| asked.dialect.as_ref().is_none_or(|name| name == dialect(row)));
    let tokens: Vec<i64> = rows.iter().map(|row| row.token_id).collect();
    let names = dialect_use::token_names(app, &tokens).await?;
    let users: Vec<i64> = rows.iter().filter(|row| row.caller != Caller::Runner).map(|row| row.caller_id).collect();
    let users = user::by_ids(app, &users).await?;
    let who = |row: &Model| match row.caller {
        Caller::Nobody => "-".to_owned(),
        Caller::Runner => format!("runner {}", row.caller_id),
        Caller::StandIn | Caller::Session | Caller::Token => {
            let user = users.iter().find(|user| user.id == row.caller_id);
            user.map_or_else(|| format!("user {}", row.caller_id), |user| user.username.clone())
        }
    };
    let records: Vec<Record> = rows
        .iter()
        .map(|row| {
            record! {
                "dialect": dialect(row),
                "route": format!("{} {}", row.method, row.route),
                "caller": row.caller.word(),
                "who": who(row),
                "token": names.get(&row.token_id),
                "count": row.count,
                "firstAt": time(row.first_at),
                "lastAt": time(row.last_at),
            }
        })
        .collect();
    let shown = ["dialect", "route", "caller", "who", "token", "count", "lastAt"];
    Ok(output.list(Format { json: asked.json }, records, &shown)?)
}

/// Lists them as this configuration places them.
fn show(asked: &Routes, loaded: &Loaded, mut output: Output) -> Result<(), Failure> {
    let mut all = listed(&loaded.config);
    if let Some(name) = &asked.dialect {
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
