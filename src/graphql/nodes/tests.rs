use std::collections::HashMap;

use async_graphql::Positioned;
use async_graphql::parser::types::{
    BaseType, DocumentOperations, Field, Selection, TypeDefinition, TypeKind, TypeSystemDefinition,
};
use async_graphql::parser::{parse_query, parse_schema};

use super::quick::{Quick, Shape};
use crate::graphql::account::Account;
use crate::graphql::job::Job;
use crate::graphql::project::Project;
use crate::graphql::schema::sdl;
use crate::graphql::service::Service;
use crate::graphql::user::User;

fn selected(text: &str) -> Positioned<Field> {
    let DocumentOperations::Single(operation) = parse_query(text).expect("a document").operations else {
        panic!("one operation")
    };
    let Selection::Field(field) = operation.node.selection_set.node.items[0].node.clone() else { panic!("a field") };
    field
}

fn named(base: &BaseType) -> &str {
    match base {
        BaseType::Named(name) => name,
        BaseType::List(inner) => named(&inner.base),
    }
}

/// The fields of a type that have no reader although they hold scalars or enums and take no arguments, by their names.
fn without_reader<T: Quick>(types: &HashMap<String, TypeDefinition>, name: &str) -> Vec<String> {
    let TypeKind::Object(object) = &types[name].kind else { panic!("{name} is an object") };
    let is_plain = |base: &BaseType| {
        let base = named(base);
        let builtin = ["ID", "Int", "Float", "String", "Boolean"].contains(&base);
        builtin || matches!(types[base].kind, TypeKind::Scalar | TypeKind::Enum(_))
    };
    let fields = object.fields.iter().map(|field| &field.node);
    let plain = fields.filter(|field| field.arguments.is_empty() && is_plain(&field.ty.node.base));
    let names = plain.map(|field| field.name.node.to_string());
    let mut without: Vec<_> =
        names.filter(|name| T::quick(&selected(&format!("{{ {name} }}")).node).is_none()).collect();
    without.sort();
    without
}

#[test]
fn what_takes_a_future_depends_on_who_asks_or_on_other_rows() {
    let definitions = parse_schema(sdl()).expect("a schema").definitions;
    let types = definitions.into_iter().filter_map(|definition| match definition {
        TypeSystemDefinition::Type(definition) => Some((definition.node.name.node.to_string(), definition.node)),
        _ => None,
    });
    let types: HashMap<_, _> = types.collect();
    assert_eq!(without_reader::<Job>(&types, "Job"), [""; 0]);
    assert_eq!(without_reader::<Account>(&types, "Account"), [""; 0]);
    assert_eq!(without_reader::<Project>(&types, "Project"), ["favoriteServices", "isFavorite", "viewerRole"]);
    let of_others = ["fullName", "hasTimedOut", "parametersSchema", "projectName", "resultsSchema", "schemaSemantics"];
    assert_eq!(without_reader::<Service>(&types, "Service"), [&of_others[..], &["version"]].concat());
    let private = [
        "authenticationType",
        "email",
        "emailVerifiedAt",
        "isAdmin",
        "isRecordOnly",
        "lastLoginAt",
        "ldapUid",
        "metadata",
        "roles",
        "status",
        "statusMessage",
    ];
    assert_eq!(without_reader::<User>(&types, "User"), private);
}

#[test]
fn a_selection_is_quick_only_as_a_whole() {
    let is_quick = |text: &str| Shape::<Job>::of(&selected(text).node.selection_set.node).is_some();
    assert!(is_quick("{ jobs { id state: status owner { id username } service { title } account { type } } }"));
    assert!(!is_quick("{ jobs { id waitingReason { __typename } } }"));
    assert!(!is_quick("{ jobs { id owner { email } } }"));
    assert!(!is_quick("{ jobs { id owner { legacyNumber(dialect: MYBRC) } } }"));
    assert!(!is_quick("{ jobs { id ... on Job { status } } }"));
    assert!(!is_quick("{ jobs { ... { id status } } }"));
    assert!(!is_quick("{ jobs { id status @include(if: true) } }"));
    assert!(!is_quick("{ jobs { __typename } }"));
}
