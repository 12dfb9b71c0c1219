//! Groups, projects and other servers at the command line.

use serde_json::json;

use super::Terminal;

#[test]
fn groups_are_kept_at_the_command_line() {
    let terminal = Terminal::with_database();
    for name in ["ada", "bob"] {
        terminal.done(&format!("user create {name} --email {name}@example.org --no-password"));
    }
    let made = terminal.json("group create lab --description People --member ada --json");
    assert_eq!((&made["name"], &made["members"]), (&json!("lab"), &json!(["ada"])));
    assert_eq!(terminal.json("group add lab bob@example.org --json")["members"], json!(["ada", "bob"]));
    assert_eq!(terminal.json("group remove lab ada --json")["members"], json!(["bob"]));
    assert_eq!(terminal.json("group list --json")[0]["members"], 1);
    assert_eq!(terminal.json("group update lab --new-name crew --json")["description"], "People");
    assert!(terminal.done("group show crew").contains("bob"));
    assert_eq!(terminal.refused("group remove crew ada"), "error: userId: The user is not in this group.");
    assert_eq!(terminal.refused("group create crew"), "error: A group named crew exists already.");
    assert_eq!(
        terminal.refused("group create x --member nobody"),
        "error: user nobody: There is no such user, or you may not see it."
    );
    assert_eq!(terminal.json("group list --json").as_array().expect("a list").len(), 1, "nothing was made");
    assert_eq!(terminal.done("group delete crew"), "The group crew is deleted, with its roles.");
    assert_eq!(
        terminal.refused("group show crew"),
        "error: group crew: There is no such group, or you may not see it."
    );
}

#[test]
fn projects_are_kept_at_the_command_line() {
    let terminal = Terminal::with_database();
    for name in ["ada", "bob"] {
        terminal.done(&format!("user create {name} --no-password"));
    }
    terminal.done("group create lab --member bob");
    assert_eq!(terminal.run("project create atlas").status.code(), Some(2), "somebody owns it");
    let made = terminal.json("project create atlas --owner ada --public --json");
    let owner = json!({ "user": "ada", "group": null, "role": "OWNER" });
    assert_eq!((&made["title"], &made["isPublic"], &made["members"]), (&json!("atlas"), &json!(true), &json!([owner])));
    let shown = terminal.json("project set-member atlas --group lab --role contributor --json");
    let group = json!({ "user": null, "group": "lab", "role": "CONTRIBUTOR" });
    assert_eq!(shown["members"], json!([owner, group]));
    assert!(terminal.done("project show atlas").contains("ada OWNER, @lab CONTRIBUTOR"));
    terminal.done("project set-member atlas --user bob --role manager");
    let shown = terminal.json("project remove-member atlas --group lab --json");
    assert_eq!(shown["members"].as_array().expect("a list").len(), 2);
    for line in [
        "project set-member atlas --user bob",
        "project remove-member atlas",
        "project remove-member atlas --user a --group b",
    ] {
        assert_eq!(terminal.run(line).status.code(), Some(2), "{line}");
    }
    assert_eq!(terminal.json("project update atlas --title Maps --public false --json")["isPublic"], false);
    assert_eq!(terminal.json("project list --json").as_array().expect("a list").len(), 1);
    assert_eq!(terminal.json("project list --personal --json").as_array().expect("a list").len(), 3);
    assert_eq!(terminal.done("project delete atlas"), "The project atlas is deleted; its jobs stay.");
    assert_eq!(
        terminal.refused("project show atlas"),
        "error: project atlas: There is no such project, or you may not see it."
    );
}

#[test]
fn servers_are_kept_at_the_command_line() {
    let terminal = Terminal::with_database();
    assert_eq!(terminal.json("server list --json")[0]["isLocal"], true);
    assert!(terminal.refused("server add lab http://127.0.0.1:9").contains("Make an admin first"));
    terminal.done("user create root --admin --no-password");
    let made = terminal.json("server add lab http://127.0.0.1:9/ --json");
    assert_eq!((&made["url"], &made["isActive"]), (&json!("http://127.0.0.1:9"), &json!(false)));
    assert!(made["lastError"].as_str().expect("it was probed").contains("cannot be reached"), "{made}");
    assert_eq!(terminal.json("server probe lab --json")["isActive"], false);
    assert!(terminal.done("server list").contains("127.0.0.1:9"));
    assert_eq!(terminal.refused("server add lab http://x"), "error: A server named lab exists already.");
    assert!(terminal.refused("server add x ftp://x").starts_with("error: url: "));
    assert_eq!(terminal.run("server add x http://x --protocol soap").status.code(), Some(2));
    let renamed = terminal.json("server update lab --new-name den --json");
    assert_eq!((&renamed["name"], &renamed["url"]), (&json!("den"), &json!("http://127.0.0.1:9")));
    let moved = terminal.json("server update den --new-name lab --url http://127.0.0.1:10/x/ --json");
    assert_eq!((&moved["name"], &moved["url"]), (&json!("lab"), &json!("http://127.0.0.1:10/x")));
    assert!(moved["lastError"].as_str().expect("it was probed").contains("cannot be reached"), "{moved}");
    assert!(terminal.refused("server update lab --url ftp://x").starts_with("error: url: "));
    assert!(terminal.refused("server update localhost --new-name x").starts_with("error: serverId: "));
    terminal.done("server disable lab");
    assert_eq!(terminal.refused("server probe lab"), "error: The server is not enabled.");
    terminal.done("server enable lab");
    assert_eq!(terminal.done("server remove lab"), "The server lab is forgotten, and what it offered.");
    assert!(terminal.refused("server remove localhost").starts_with("error: serverId: This is the server itself"));
    terminal.write("docket.toml", "server_name = \"server\"\n");
    assert!(terminal.refused("server list").contains("`server` is reserved"));
}

#[test]
fn a_service_is_exported_at_the_command_line() {
    let terminal = Terminal::with_database();
    terminal.done("user create root --admin --no-password");
    assert_eq!(terminal.json("service create pi --exported --json")["isExported"], true);
    assert_eq!(terminal.json("service create tau --json")["isExported"], false);
}
