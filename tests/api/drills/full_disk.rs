use std::process::Command;

use serde_json::{Value as Json, json};

use super::support::Site;

const MIB: usize = 1_048_576;

/// A disk of one's own needs a right that some containers take away.
fn has_disks() -> bool {
    let mut unshare = Command::new("unshare");
    let has = unshare.args(["--map-root-user", "--mount", "true"]).status().is_ok_and(|status| status.success());
    if !has {
        println!("not drilled: this machine gives out no mount namespaces");
    }
    has
}

/// Uploads that do not fit are refused with a reason, leave nothing, and take nothing from those that fit.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_what_does_not_fit_and_keeps_nothing_of_it() {
    if !has_disks() {
        return;
    }
    let site = Site::new("").await;
    let server = site.serve_on_small_disk("docket-files", 4).await;
    let admin = site.admin().await;
    let bring = async |name: &str, size: usize| {
        let answer = admin.upload(name, vec![b'x'; size]).send().await.expect("an answer");
        (answer.status().as_u16(), answer.json::<Json>().await.expect("JSON"))
    };
    let (status, first) = bring("first", MIB).await;
    assert_eq!(status, 201, "{first}");
    for _ in 0..3 {
        let (status, refused) = bring("large", 8 * MIB).await;
        assert_eq!((status, &refused["errors"][0]["extensions"]["code"]), (503, &json!("UNAVAILABLE")), "{refused}");
        assert!(refused["errors"][0]["message"].as_str().is_some_and(|text| text.contains("full")), "{refused}");
    }
    // Had anything stayed of those, this would not fit.
    let (status, second) = bring("second", 2 * MIB).await;
    assert_eq!(status, 201, "{second}");
    for (answer, size) in [(first, MIB), (second, 2 * MIB)] {
        let bytes = admin.download(answer["id"].as_str().expect("an id")).await.bytes().await.expect("all of it");
        assert_eq!(bytes.len(), size);
    }
    let names = admin.call("{ files(order: CREATED_AT_ASC) { nodes { name } } }", json!({})).await;
    assert_eq!(names["files"]["nodes"], json!([{ "name": "first" }, { "name": "second" }]));
    server.terminate();
    assert!(server.ended().await.success());
}
