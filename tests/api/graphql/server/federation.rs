//! What another docket exports, shown here and submitted there.

use serde_json::{Value, json};

use super::{names, probed, remote_names};
use crate::support::{TestApp, code, text};

/// A docket with an exported service, one that is not, an exported one of a public project and one of a private one.
async fn other() -> (TestApp, String) {
    let other = TestApp::new().await;
    let admin = other.admin();
    let align = admin.service(json!({ "title": "Align", "kind": "WORKFLOW", "isExported": true })).await;
    admin.service(json!({ "title": "Inner" })).await;
    for (title, public) in [("Open", true), ("Shut", false)] {
        let project = admin.project(json!({ "title": title, "isPublic": public })).await;
        admin.service(json!({ "projectId": project, "title": "Plot", "isExported": true })).await;
        admin.service(json!({ "projectId": project, "title": "Kept" })).await;
    }
    (other, align)
}

#[tokio::test]
async fn what_another_docket_exports_is_shown_and_follows_it() {
    let (here, (there, align)) = (TestApp::new().await, other().await);
    here.service(json!({ "title": "Align" })).await;
    let server = here.register("lab", &format!("http://{}/", there.server.address)).await;
    let shown = probed(&here, &server).await;
    assert_eq!(
        (&shown["isActive"], &shown["protocol"], &shown["lastError"]),
        (&json!(true), &json!("DOCKET"), &Value::Null)
    );
    assert_eq!(names(&shown["services"]), ["align::server::lab", "plot::open::lab"]);
    assert_eq!(remote_names(&here.anonymous()).await, ["align::server::lab", "plot::open::lab"]);
    let document = "query($name: String!) { service(fullName: $name) { id name title kind isExported isDisabled projectName
        project { name } owner { username } version parametersSchema viewerCan { submitJobs manage } server { name isLocal } } }";
    let find = async |name: &str| here.admin().graphql(document, json!({ "name": name })).await;
    let mut found = find("align::server::lab").await["data"]["service"].take();
    let id = text(&found["id"].take());
    assert_eq!(
        found,
        json!({ "id": null, "name": "align", "title": "Align", "kind": "WORKFLOW", "isExported": true, "isDisabled": false,
            "projectName": null, "project": null, "owner": null, "version": 0, "parametersSchema": true,
            "viewerCan": { "submitJobs": false, "manage": false }, "server": { "name": "lab", "isLocal": false } })
    );
    assert_eq!(find("plot::open::lab").await["data"]["service"]["projectName"], "open");
    assert_eq!(find("align::server::localhost").await["data"]["service"]["server"]["isLocal"], true);
    for absent in ["plot::shut::lab", "inner::server::lab", "align::server::nobody", "plot::open::localhost"] {
        assert_eq!(code(&find(absent).await), "NOT_FOUND", "{absent}");
    }
    for wrong in ["align", "align::lab", "align::server::lab::x"] {
        assert_eq!(code(&find(wrong).await), "INVALID", "{wrong}");
    }
    there.admin().change("serviceDisable", json!({ "serviceId": align }), "service { id }").await;
    probed(&here, &server).await;
    let found = find("align::server::lab").await["data"]["service"].take();
    assert_eq!((&found["id"], &found["isDisabled"]), (&json!(id), &json!(true)), "it is the same service");
    there.admin().change("serviceUpdate", json!({ "serviceId": align, "isExported": false }), "service { id }").await;
    assert_eq!(names(&probed(&here, &server).await["services"]), ["plot::open::lab"]);
    assert_eq!(
        here.admin().data("query($id: ID!) { node(id: $id) { id } }", json!({ "id": id })).await["node"],
        Value::Null
    );
    here.admin().change("serverRemove", json!({ "serverId": server }), "server { name }").await;
    assert_eq!(remote_names(&here.admin()).await, [""; 0]);
}

#[tokio::test]
async fn nothing_is_done_here_with_what_another_server_runs() {
    let (here, (there, _)) = (TestApp::new().await, other().await);
    let url = format!("http://{}", there.server.address);
    probed(&here, &here.register("lab", &url).await).await;
    let document = "{ service(fullName: \"align::server::lab\") { id } }";
    let (admin, ada) = (here.admin(), here.user("ada").await);
    let id = text(&admin.data(document, json!({})).await["service"]["id"]);
    for client in [&admin, &ada] {
        let answer = client
            .graphql(
                "mutation($input: JobSubmitInput!) { jobSubmit(input: $input) { job { id } } }",
                json!({ "input": { "serviceId": id } }),
            )
            .await;
        assert_eq!(code(&answer), "INVALID_STATE");
        let message = text(&answer["errors"][0]["message"]);
        assert_eq!(message, format!("The server lab runs this service. Submit its jobs there: {url}"));
    }
    let batch = admin
        .change("jobSubmitBatch", json!({ "jobs": [{ "serviceId": id }] }), "results { job { id } error { code } }")
        .await;
    assert_eq!(batch["results"][0], json!({ "job": null, "error": { "code": "INVALID_STATE" } }));
    for field in ["serviceUpdate", "serviceDelete", "serviceDisable", "serviceEnable", "serviceCheckIn"] {
        assert_eq!(admin.refused(field, json!({ "serviceId": id })).await, "FORBIDDEN", "{field}");
    }
    assert_eq!(admin.wrong("runnerCreate", json!({ "name": "x", "serviceIds": [id] })).await, ["serviceIds/0"]);
    let estimate = "query($id: ID!) { estimate(serviceId: $id) { hold } }";
    assert_eq!(admin.code(estimate, json!({ "id": id })).await, "INVALID_STATE");
    let jobs = "query($id: ID!) { jobs(filter: { serviceId: { eq: $id } }) { totalCount } }";
    assert_eq!(admin.data(jobs, json!({ "id": id })).await["jobs"]["totalCount"], 0);
}

#[tokio::test]
async fn two_dockets_that_know_each_other_show_only_what_each_runs() {
    let (one, two) = (TestApp::new().await, TestApp::new().await);
    for app in [&one, &two] {
        app.service(json!({ "title": "Own", "isExported": true })).await;
    }
    let (at_one, at_two) = (format!("http://{}", one.server.address), format!("http://{}", two.server.address));
    let ids = [one.register("two", &at_two).await, two.register("one", &at_one).await];
    for _ in 0..2 {
        probed(&one, &ids[0]).await;
        probed(&two, &ids[1]).await;
    }
    assert_eq!(remote_names(&one.admin()).await, ["own::server::two"]);
    assert_eq!(remote_names(&two.admin()).await, ["own::server::one"]);
}

#[tokio::test]
async fn more_than_one_page_is_read() {
    let (here, there) = (TestApp::new().await, TestApp::new().await);
    for number in 0..101 {
        there.service(json!({ "title": format!("Service {number}"), "isExported": true })).await;
    }
    let server = here.register("lab", &format!("http://{}", there.server.address)).await;
    probed(&here, &server).await;
    let document = "query($id: ID!) { server(id: $id) { services { totalCount } } }";
    let found = here.anonymous().data(document, json!({ "id": server })).await;
    assert_eq!(found["server"]["services"]["totalCount"], 101);
}
