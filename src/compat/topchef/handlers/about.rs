//! What the server says of itself.

use axum::response::Response;
use serde_json::json;

use crate::compat::Call;
use crate::compat::topchef::json::reply_about;
use crate::compat::topchef::version::link;

pub(in crate::compat::topchef) async fn about(call: Call) -> Response {
    let settings = &call.app().config.topchef;
    let data = json!({
        "documentation_url": settings.documentation_url,
        "maintainer_email": settings.maintainer_email,
        "maintainer_name": settings.maintainer_name,
        "source_code_repository_url": settings.source_repository,
        "version": settings.version,
    });
    reply_about("about", link(&call, "/"), data)
}
