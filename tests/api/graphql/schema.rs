//! The schema as a contract: written down, described, and in the shape that Relay expects.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::support::TestApp;

const TYPES: &str = "{ __schema { types { kind name description specifiedByURL
    fields(includeDeprecated: true) { name description deprecationReason
        args { name description defaultValue type { ...Ref } } type { ...Ref } }
    inputFields { name description defaultValue type { ...Ref } }
    enumValues(includeDeprecated: true) { name description }
    interfaces { name } possibleTypes { name } }
    directives { name description args { name description } } } }
    fragment Ref on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }";

/// Every type of the schema by its name, introspection's own aside.
async fn types() -> BTreeMap<String, Value> {
    let app = TestApp::new().await;
    let data = app.anonymous().data(TYPES, json!({})).await;
    let types = list(&data["__schema"]["types"]).iter().map(|ty| (word(&ty["name"]), ty.clone()));
    types.filter(|(name, _)| !name.starts_with("__")).collect()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn word(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// A type as the SDL writes it.
fn spelled(ty: &Value) -> String {
    match word(&ty["kind"]).as_str() {
        "NON_NULL" => format!("{}!", spelled(&ty["ofType"])),
        "LIST" => format!("[{}]", spelled(&ty["ofType"])),
        _ => word(&ty["name"]),
    }
}

#[test]
fn the_schema_is_the_one_that_is_written_down() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schema.graphql");
    let written = std::fs::read_to_string(path).expect("schema.graphql");
    let current = docket::graphql::sdl();
    assert!(written == current, "schema.graphql is stale: write it anew with `docket schema > schema.graphql`");
}

#[tokio::test]
async fn everything_is_described() {
    let mut bare = Vec::new();
    let mut expect = |what: String, thing: &Value| {
        if word(&thing["description"]).trim().is_empty() {
            bare.push(what);
        }
    };
    for (name, ty) in types().await {
        expect(name.clone(), &ty);
        for field in list(&ty["fields"]).iter().chain(list(&ty["inputFields"])).chain(list(&ty["enumValues"])) {
            let path = format!("{name}.{}", word(&field["name"]));
            expect(path.clone(), field);
            for argument in list(&field["args"]) {
                expect(format!("{path}({})", word(&argument["name"])), argument);
            }
        }
    }
    // The types that GraphQL itself defines need no words of ours.
    bare.retain(|name| !["Boolean", "Float", "ID", "Int", "String"].contains(&name.as_str()));
    assert_eq!(bare, [""; 0], "without a description");
}

#[tokio::test]
async fn lists_are_relay_connections() {
    let types = types().await;
    let field = |ty: &str, name: &str| -> String {
        let found = list(&types[ty]["fields"]).iter().find(|field| field["name"] == *name);
        found.map_or_else(|| "absent".to_owned(), |field| spelled(&field["type"]))
    };
    let connections: Vec<&String> = types.keys().filter(|name| name.ends_with("Connection")).collect();
    assert!(connections.len() >= 5, "{connections:?}");
    for connection in connections {
        let noun = connection.trim_end_matches("Connection");
        assert_eq!(field(connection, "edges"), format!("[{noun}Edge!]!"));
        assert_eq!(field(connection, "nodes"), format!("[{noun}!]!"));
        assert_eq!(field(connection, "pageInfo"), "PageInfo!");
        assert_eq!(field(&format!("{noun}Edge"), "node"), format!("{noun}!"));
        assert_eq!(field(&format!("{noun}Edge"), "cursor"), "String!");
    }
    assert_eq!(field("PageInfo", "hasNextPage"), "Boolean!");
    assert_eq!(field("PageInfo", "hasPreviousPage"), "Boolean!");
    assert_eq!((field("Query", "node"), field("Query", "nodes")), ("Node".to_owned(), "[Node]!".to_owned()));
    let nodes: BTreeSet<String> = list(&types["Node"]["possibleTypes"]).iter().map(|ty| word(&ty["name"])).collect();
    let expected = "Account AuditEntry File Group Job LedgerEntry Project ProjectData Runner Service User";
    assert_eq!(nodes, expected.split(' ').map(str::to_owned).collect());
    for node in nodes {
        assert_eq!(field(&node, "id"), "ID!", "{node}");
    }
}

#[tokio::test]
async fn every_page_takes_the_same_arguments() {
    let types = types().await;
    for field in list(&types["Query"]["fields"]) {
        let name = word(&field["name"]);
        if !spelled(&field["type"]).ends_with("Connection!") || name == "jobEvents" {
            continue;
        }
        let given: Vec<String> = list(&field["args"]).iter().map(|argument| word(&argument["name"])).collect();
        for argument in ["first", "last", "after", "before", "order"] {
            assert!(given.iter().any(|given| given == argument), "{name} has no {argument}");
        }
    }
}

#[tokio::test]
async fn every_mutation_takes_its_own_input_and_returns_its_own_payload() {
    let types = types().await;
    for field in list(&types["Mutation"]["fields"]) {
        let name = word(&field["name"]);
        let noun = name[..1].to_uppercase() + &name[1..];
        assert_eq!(spelled(&field["type"]), format!("{noun}Payload!"));
        let arguments: Vec<String> = list(&field["args"])
            .iter()
            .map(|argument| format!("{}: {}", word(&argument["name"]), spelled(&argument["type"])))
            .collect();
        assert!(arguments.is_empty() || arguments == [format!("input: {noun}Input!")], "{name}({arguments:?})");
    }
}

#[tokio::test]
async fn defaults_are_values_of_their_types() {
    // A default of JSON in quotes would be a text, and what a client generates from the schema would send that.
    for (name, ty) in types().await {
        let arguments = list(&ty["fields"]).iter().flat_map(|field| list(&field["args"]));
        for value in list(&ty["inputFields"]).iter().chain(arguments) {
            let (default, of) = (word(&value["defaultValue"]), spelled(&value["type"]));
            let quoted = default.starts_with('"');
            assert!(!quoted || of.starts_with("String") || of.starts_with("ID"), "{name}: {value}");
            assert!(default != "null" || !of.ends_with('!'), "{name}: {value}");
        }
    }
}

#[tokio::test]
async fn server_info_is_for_everybody_and_true() {
    let app = TestApp::new().await;
    let document = "{ serverInfo { name version time heartbeatSeconds parametersBytes resultsBytes } }";
    let mut info = app.anonymous().data(document, json!({})).await["serverInfo"].take();
    let time = chrono::DateTime::parse_from_rfc3339(info["time"].take().as_str().expect("a time")).expect("RFC 3339");
    assert!((app.clock.now() - time.to_utc()).num_seconds().abs() < 10, "{time}");
    let version = env!("CARGO_PKG_VERSION");
    let expected = json!({ "name": "localhost", "version": version, "time": null, "heartbeatSeconds": 10,
        "parametersBytes": 262_144, "resultsBytes": 786_432 });
    assert_eq!(info, expected);
}
