//! Data of projects, and their files.

use serde_json::{Value, json};

use super::Team;
use crate::support::{Client, TestApp, text};

const SHOWN: &str = "number type title description value categories isPublic owner { username } project { id }
    file { name size data { id } } viewerCan { edit delete }";

async fn data(who: &Client, id: &str) -> Value {
    let document = format!("query($id: ID!) {{ projectData(id: $id) {{ {SHOWN} }} }}");
    who.data(&document, json!({ "id": id })).await["projectData"].take()
}

async fn status(who: &Client, file: &str) -> u16 {
    who.get(&format!("/files/{file}")).send().await.expect("an answer").status().as_u16()
}

#[tokio::test]
async fn data_is_shown_as_it_was_made_and_changed() {
    let team = Team::new().await;
    let file = team.contributor.file("a.txt", "abc").await;
    let input = json!({ "type": "fasta", "title": "Genes", "description": "Two.\nLines.", "value": { "b": [1, null], "a": 1.5 },
        "categories": ["x", "y", "x"], "isPublic": true, "fileId": file });
    let id = team.contributor.data_of(&team.project, input).await;
    let shown = data(&team.contributor, &id).await;
    let expected = json!({ "number": shown["number"], "type": "fasta", "title": "Genes", "description": "Two.\nLines.",
        "value": { "b": [1, null], "a": 1.5 }, "categories": ["x", "y"], "isPublic": true,
        "owner": { "username": "cleo" }, "project": { "id": team.project },
        "file": { "name": "a.txt", "size": "3", "data": { "id": id } }, "viewerCan": { "edit": true, "delete": true } });
    assert_eq!(shown["file"]["size"].as_str().map_or_else(|| shown["file"]["size"].to_string(), str::to_owned), "3");
    let mut comparable = shown.clone();
    comparable["file"]["size"] = json!("3");
    assert_eq!(comparable, expected);
    let change = async |input: Value| {
        let mut input = input;
        input["dataId"] = json!(id);
        team.owner.change("projectDataUpdate", input, "data { title value categories type }").await["data"].take()
    };
    let after = |title: &str, value: Value| json!({ "title": title, "value": value, "categories": ["x", "y"], "type": "fasta" });
    assert_eq!(change(json!({ "title": "Genomes" })).await, after("Genomes", json!({ "b": [1, null], "a": 1.5 })));
    assert_eq!(change(json!({ "value": null })).await, after("Genomes", Value::Null));
    assert_eq!(change(json!({ "value": 0 })).await, after("Genomes", json!(0)));
    assert_eq!(data(&team.watcher, &id).await["viewerCan"], json!({ "edit": false, "delete": false }));
}

#[tokio::test]
async fn contributors_change_all_data_and_remove_their_own() {
    let team = Team::new().await;
    let other = team.app.user("carl").await;
    team.owner.enrol(&team.project, &other, "CONTRIBUTOR").await;
    for (client, edit, delete) in [
        (&team.owner, "OK", "OK"),
        (&team.manager, "OK", "OK"),
        (&team.contributor, "OK", "OK"),
        (&other, "OK", "FORBIDDEN"),
        (&team.watcher, "FORBIDDEN", "FORBIDDEN"),
        (&team.stranger, "NOT_FOUND", "NOT_FOUND"),
        (&team.app.anonymous(), "UNAUTHENTICATED", "UNAUTHENTICATED"),
    ] {
        let id = team.contributor.data_of(&team.project, json!({})).await;
        assert_eq!(client.refused("projectDataUpdate", json!({ "dataId": id, "title": "x" })).await, edit);
        assert_eq!(client.refused("projectDataDelete", json!({ "dataId": id })).await, delete);
    }
    // Who left may do neither, with its own either.
    let id = team.contributor.data_of(&team.project, json!({})).await;
    let input = json!({ "projectId": team.project, "userId": team.contributor.id });
    team.owner.change("projectMemberRemove", input, "member { role }").await;
    assert_eq!(team.contributor.refused("projectDataDelete", json!({ "dataId": id })).await, "NOT_FOUND");
}

#[tokio::test]
async fn who_sees_the_data_gets_the_bytes() {
    let team = Team::new().await;
    let file = team.contributor.file("a.txt", "abc").await;
    assert_eq!(status(&team.owner, &file).await, 404, "it is attached to nothing");
    let id = team.contributor.data_of(&team.project, json!({ "isPublic": true })).await;
    team.contributor.change("fileAttach", json!({ "fileId": file, "dataId": id }), "file { id expiresAt }").await;
    for client in [&team.owner, &team.watcher, &team.grouped, &team.contributor, &team.app.admin()] {
        assert_eq!(status(client, &file).await, 200);
    }
    assert_eq!((status(&team.stranger, &file).await, status(&team.app.anonymous(), &file).await), (404, 401));
    let public = |public: bool| json!({ "projectId": team.project, "isPublic": public });
    team.owner.change("projectUpdate", public(true), "project { id }").await;
    assert_eq!((status(&team.stranger, &file).await, status(&team.app.anonymous(), &file).await), (200, 200));
    team.owner.change("projectDataUpdate", json!({ "dataId": id, "isPublic": false }), "data { id }").await;
    assert_eq!((status(&team.stranger, &file).await, status(&team.app.anonymous(), &file).await), (404, 401));
    assert_eq!(status(&team.watcher, &file).await, 200);
    // It lasts as long as the data, and goes with it.
    team.app.advance(3 * 86_400);
    team.app.sweep_files().await;
    assert_eq!(status(&team.contributor, &file).await, 200);
    team.manager.change("projectDataDelete", json!({ "dataId": id }), "data { id }").await;
    assert_eq!(status(&team.contributor, &file).await, 404);
    team.app.sweep_files().await;
    assert_eq!(team.app.stored(), [""; 0]);
}

#[tokio::test]
async fn a_file_is_attached_to_one_thing_and_data_has_one_file() {
    let team = Team::new().await;
    let cleo = &team.contributor;
    let (file, second) = (cleo.file("a.txt", "a").await, cleo.file("b.txt", "b").await);
    let id = cleo.data_of(&team.project, json!({})).await;
    let attach = |file: &str, data: &str| json!({ "fileId": file, "dataId": data });
    for _ in 0..2 {
        assert_eq!(cleo.refused("fileAttach", attach(&file, &id)).await, "OK", "again changes nothing");
    }
    assert_eq!(cleo.refused("fileAttach", attach(&second, &id)).await, "INVALID_STATE", "it has one");
    let other = cleo.data_of(&team.project, json!({})).await;
    assert_eq!(cleo.refused("fileAttach", attach(&file, &other)).await, "INVALID_STATE", "it is attached");
    let job = team.job(cleo).await;
    assert_eq!(cleo.refused("fileAttach", json!({ "fileId": file, "jobId": job })).await, "INVALID_STATE");
    let submit = json!({ "serviceId": team.service, "fileIds": [file] });
    assert_eq!(cleo.wrong("jobSubmit", submit).await, ["fileIds/0"]);
    let made = json!({ "projectId": team.project, "title": "x", "fileId": file });
    assert_eq!(cleo.wrong("projectDataCreate", made).await, ["fileId"]);
    for given in [json!({ "fileId": file }), json!({ "fileId": file, "jobId": job, "dataId": id })] {
        assert_eq!(cleo.wrong("fileAttach", given).await, ["jobId"]);
    }
    assert_eq!(cleo.wrong("fileAttach", attach(&file, &job)).await, ["dataId"]);
    // Of others' data nobody takes it.
    for (client, code) in [(&team.watcher, "FORBIDDEN"), (&team.stranger, "NOT_FOUND"), (&team.manager, "OK")] {
        assert_eq!(client.refused("fileDetach", json!({ "fileId": file })).await, code);
    }
    let listed = cleo.data("{ files(filter: { isAttached: false }) { nodes { id } } }", json!({})).await;
    assert_eq!(listed["files"]["nodes"].as_array().map(Vec::len), Some(2), "its owner's again");
    assert_eq!(cleo.refused("fileAttach", attach(&second, &id)).await, "OK");
    assert_eq!(cleo.refused("fileDelete", json!({ "fileId": second })).await, "OK");
    assert_eq!(data(cleo, &id).await["file"], Value::Null);
}

#[tokio::test]
async fn wrong_data_is_named() {
    let team = Team::new().await;
    let foreign = team.stranger.file("a.txt", "a").await;
    let hidden = team.stranger.project(json!({})).await;
    for (given, paths) in [
        (json!({ "title": "" }), vec!["title"]),
        (json!({ "title": "a\nb", "type": "a b" }), vec!["type", "title"]),
        (json!({ "title": "x", "description": "x".repeat(10_001) }), vec!["description"]),
        (json!({ "title": "x", "value": "x".repeat(300_000) }), vec!["value"]),
        (json!({ "title": "x", "categories": ["ok", ""] }), vec!["categories/1"]),
        (json!({ "title": "x", "categories": vec!["x"; 33] }), vec!["categories"]),
        (json!({ "title": "x", "fileId": foreign }), vec!["fileId"]),
        (json!({ "title": "x", "fileId": "a.txt" }), vec!["fileId"]),
        (json!({ "title": "x", "projectId": hidden }), vec!["projectId"]),
        (json!({ "title": "x", "projectId": foreign }), vec!["projectId"]),
    ] {
        let mut input = json!({ "projectId": team.project });
        input.as_object_mut().expect("an object").extend(given.as_object().expect("an object").clone());
        assert_eq!(
            team.contributor.wrong("projectDataCreate", input).await,
            paths,
            "{}",
            &given.to_string()[..40.min(given.to_string().len())]
        );
    }
    let listed = team
        .owner
        .data("query($id: ID!) { project(id: $id) { data { totalCount } } }", json!({ "id": team.project }))
        .await;
    assert_eq!(listed["project"]["data"]["totalCount"], 0, "nothing was kept");
}

#[tokio::test]
async fn a_projects_data_is_filtered_and_ordered() {
    let team = Team::new().await;
    for (title, kind) in [("b", "text"), ("a", "text"), ("c", "table")] {
        team.contributor
            .data_of(&team.project, json!({ "title": title, "type": kind, "isPublic": kind == "table" }))
            .await;
    }
    let titles = async |client: &Client, arguments: &str| {
        let document =
            format!("query($id: ID!) {{ project(id: $id) {{ data{arguments} {{ nodes {{ title }} totalCount }} }} }}");
        let found = client.data(&document, json!({ "id": team.project })).await["project"]["data"].take();
        let titles: Vec<String> =
            found["nodes"].as_array().expect("a list").iter().map(|node| text(&node["title"])).collect();
        assert_eq!(found["totalCount"], titles.len());
        titles.join("")
    };
    assert_eq!(titles(&team.watcher, "").await, "cab");
    assert_eq!(titles(&team.watcher, "(order: TITLE_ASC, filter: { type: { eq: \"text\" } })").await, "ab");
    assert_eq!(titles(&team.watcher, "(filter: { type: { startsWith: \"t\" }, isPublic: false })").await, "ab");
    team.owner.change("projectUpdate", json!({ "projectId": team.project, "isPublic": true }), "project { id }").await;
    assert_eq!(titles(&team.stranger, "").await, "c");
    assert_eq!(titles(&team.app.anonymous(), "").await, "c");
}

#[tokio::test]
async fn another_file_takes_the_place_of_the_first() {
    let team = Team::new().await;
    let (cleo, file) = (&team.contributor, team.contributor.file("a.txt", "abc").await);
    let id = cleo.data_of(&team.project, json!({ "fileId": file })).await;
    let second = cleo.file("b.txt", "bc").await;
    let change = async |who: &Client, file: Value| {
        let input = json!({ "dataId": id, "fileId": file });
        who.change("projectDataUpdate", input, "data { file { name } }").await["data"]["file"]["name"].take()
    };
    assert_eq!(change(cleo, json!(second)).await, "b.txt");
    assert_eq!((status(cleo, &file).await, status(cleo, &second).await), (404, 200));
    // Somebody else's, one that is attached, and one that is gone.
    for wrong in [team.owner.file("c.txt", "c").await, second.clone(), file] {
        let input = json!({ "dataId": id, "fileId": wrong });
        assert_eq!(cleo.wrong("projectDataUpdate", input).await, ["fileId"]);
    }
    assert_eq!(status(cleo, &second).await, 200, "what was refused has changed nothing");
    assert_eq!(change(&team.owner, Value::Null).await, Value::Null);
    assert_eq!(status(cleo, &second).await, 404);
}

#[tokio::test]
async fn shared_data_is_for_everybody_who_logs_in() {
    let team = Team::new().await;
    let file = team.contributor.file("a.txt", "abc").await;
    let input = json!({ "title": "Genes", "type": "fasta", "isShared": true, "fileId": file });
    let id = team.contributor.data_of(&team.project, input).await;
    team.contributor.data_of(&team.project, json!({ "type": "fasta" })).await;
    // Others' data is not shown around by who may only change it.
    let carl = team.app.user("carl").await;
    team.owner.enrol(&team.project, &carl, "CONTRIBUTOR").await;
    let others = team.contributor.data_of(&team.project, json!({ "type": "bam" })).await;
    for (who, is_shared, outcome) in [
        (&carl, true, "FORBIDDEN"),
        (&carl, false, "OK"),
        (&team.contributor, true, "OK"),
        (&carl, false, "FORBIDDEN"),
        (&carl, true, "OK"),
        (&team.manager, false, "OK"),
    ] {
        let input = json!({ "dataId": others, "title": "x", "isShared": is_shared });
        assert_eq!(who.refused("projectDataUpdate", input).await, outcome, "{is_shared}");
    }
    let stranger = team.app.user("sam").await;
    let list = "{ sharedData(filter: { type: { eq: \"fasta\" } }) { totalCount nodes { title isShared } } }";
    let expected = json!({ "totalCount": 1, "nodes": [{ "title": "Genes", "isShared": true }] });
    assert_eq!(stranger.data(list, json!({})).await["sharedData"], expected);
    assert_eq!(data(&stranger, &id).await["viewerCan"], json!({ "edit": false, "delete": false }));
    assert_eq!((status(&stranger, &file).await, status(&team.app.anonymous(), &file).await), (200, 401));
    assert_eq!(stranger.refused("projectDataUpdate", json!({ "dataId": id, "title": "x" })).await, "FORBIDDEN");
    assert_eq!(team.app.anonymous().code(list, json!({})).await, "UNAUTHENTICATED");
    team.owner.change("projectDataUpdate", json!({ "dataId": id, "isShared": false }), "data { id }").await;
    assert_eq!(stranger.data(list, json!({})).await["sharedData"]["totalCount"], 0);
    assert_eq!(status(&stranger, &file).await, 404);
}

#[tokio::test]
async fn a_change_may_name_only_fields_of_the_value() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let data = ada.data_of(&ada.personal().await, json!({ "value": { "a": 1, "b": { "c": 2 } } })).await;
    let change = async |fields: Value| {
        let input = json!({ "dataId": data, "valueFields": fields });
        ada.change("projectDataUpdate", input, "data { value }").await["data"]["value"].take()
    };
    assert_eq!(change(json!({ "b": null, "d": 3 })).await, json!({ "a": 1, "b": null, "d": 3 }));
    assert_eq!(change(json!({})).await, json!({ "a": 1, "b": null, "d": 3 }));
    for wrong in [
        json!({ "dataId": data, "valueFields": [1] }),
        json!({ "dataId": data, "valueFields": "x" }),
        json!({ "dataId": data, "valueFields": { "a": 2 }, "value": {} }),
        json!({ "dataId": data, "valueFields": { "a": 2 }, "value": null }),
    ] {
        assert_eq!(ada.wrong("projectDataUpdate", wrong).await, ["valueFields"]);
    }
    // The whole is bounded, and not only what is new.
    let large = json!({ "e": "x".repeat(150_000) });
    change(large).await;
    let more = json!({ "dataId": data, "valueFields": { "f": "x".repeat(150_000) } });
    assert_eq!(ada.wrong("projectDataUpdate", more).await, ["value"]);
    // What is no object counts as an empty one.
    ada.change("projectDataUpdate", json!({ "dataId": data, "value": [1] }), "data { id }").await;
    assert_eq!(change(json!({ "a": 1 })).await, json!({ "a": 1 }));
}
