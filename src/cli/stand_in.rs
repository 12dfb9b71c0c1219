//! Whether the users that callers without a credential act as are fit for it.

use crate::app::App;
use crate::domain::user;
use crate::viewer::Viewer;

/// What is odd about them: an admin would open everything to everybody, and one that is not there opens nothing.
pub(super) async fn warnings(app: &App) -> Vec<String> {
    let mut warnings = Vec::new();
    for (key, mount) in app.config.mounts() {
        let Some(name) = mount.anonymous_as.as_ref().filter(|_| mount.enabled) else { continue };
        let section = key.trim_end_matches(".mount");
        let found = user::get_by(app, &Viewer::local_operator(), None, Some(name), None).await;
        match found {
            Ok(user) if user.is_admin => warnings.push(format!(
                "{section}.anonymous_as names {name}, an admin: everybody may do everything there; take another user"
            )),
            Ok(_) => {}
            Err(_) => warnings.push(format!("{section}.anonymous_as names {name}, and there is no such user yet")),
        }
    }
    warnings
}
