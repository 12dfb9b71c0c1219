use std::fmt::Write as _;

use async_graphql::parser::parse_query;
use async_graphql::{Variables, value};

use super::survey::Survey;
use super::*;

fn survey_of(text: &str) -> Result<Survey, Refusal> {
    let limits = Limits::default();
    scan(text, &limits)?;
    survey(&parse_query(text).expect("the test's document parses"), &limits)
}

#[track_caller]
fn refused(text: &str, because: &str) {
    let refusal = survey_of(text).expect_err("the document must be refused");
    assert!(refusal.message.contains(because), "refused for another reason: {}", refusal.message);
}

fn cost_of(text: &str) -> u32 {
    let survey = survey_of(text).expect("the document is within the limits");
    match survey.operations.as_slice() {
        [Operation { cost: Cost::Fixed(cost), .. }] => *cost,
        other => panic!("one operation of fixed cost expected, not {other:?}"),
    }
}

fn cost_of_with(text: &str, variables: async_graphql::Value) -> u32 {
    let document = parse_query(text).expect("the test's document parses");
    let survey = survey(&document, &Limits::default()).expect("the document is within the limits");
    assert_eq!(survey.operations[0].cost, Cost::ByVariables);
    cost_with(&document, &survey.operations[0], &Variables::from_value(variables), &Limits::default())
        .expect("it was surveyed before")
}

/// `count` fragments, each spreading the next one twice.
fn doubling(count: usize, root: &str) -> String {
    let mut text = format!("{{ {root} }}");
    for index in 0..count {
        let next = index + 1;
        write!(text, " fragment f{index} on Query {{ ...f{next} ...f{next} }}").expect("a String takes all");
    }
    write!(text, " fragment f{count} on Query {{ id }}").expect("a String takes all");
    text
}

#[test]
fn doubling_fragments_are_refused_without_being_followed() {
    for count in [22, 30] {
        refused(&doubling(count, "...f0"), "counting fragments");
    }
    refused(&doubling(60, "...f0"), "levels deep");
    // Nobody spreads it, so only validation's own walks would meet it.
    refused(&doubling(25, "id"), "counting fragments");
}

#[test]
fn the_survey_visits_every_selection_once() {
    // 2^8 leaves when written out; 1 spread at the root, 2 in each of 8 fragments, 1 field.
    let survey = survey_of(&doubling(8, "...f0")).expect("a small one is within the limits");
    assert_eq!(survey.visited, 1 + 2 * 8 + 1);
}

#[test]
fn fragments_that_spread_themselves_are_refused() {
    refused("{ ...a } fragment a on Query { ...a }", "spreads itself");
    refused("{ ...a } fragment a on Query { x { ...b } } fragment b on Query { y { ...a } }", "spreads itself");
    refused("{ id } fragment a on Query { ...b } fragment b on Query { ...a }", "spreads itself");
}

#[test]
fn aliases_are_counted_at_every_spread() {
    let aliases = |count: usize| (0..count).fold(String::new(), |text, index| format!("{text} a{index}: id"));
    assert!(survey_of(&format!("{{ {} }}", aliases(30))).is_ok());
    refused(&format!("{{ {} }}", aliases(31)), "31 aliases");
    refused(&format!("{{ x {{ ...f }} y {{ ...f }} }} fragment f on Query {{ {} }}", aliases(16)), "32 aliases");
    refused(&format!("{{ {} }}", aliases(10_000)), "bytes long");
    let tight = (0..10_000).fold(String::new(), |text, _| text + "a:b ");
    refused(&format!("{{{tight}}}"), "tokens");
}

#[test]
fn depth_counts_fields_and_not_fragments() {
    let nested = |levels: usize| format!("{}{}", "{ a ".repeat(levels), "}".repeat(levels));
    assert!(survey_of(&nested(12)).is_ok());
    refused(&nested(13), "13 levels deep");
    assert!(survey_of("{ ... { ... { ...f } } } fragment f on Query { a }").is_ok());
    refused(&format!("{}{}", "{ ... ".repeat(33) + "{ a }", "}".repeat(33)), "Braces and fragments");
}

#[test]
fn directives_are_limited_by_place_and_by_document() {
    assert!(survey_of(&format!("{{ a {} }}", "@a ".repeat(5))).is_ok());
    for text in ["{ a @ }", "{ ... @ { a } }", "query @ { a }", "{ ...f @ } fragment f on Query { a }"] {
        refused(&text.replace('@', &"@a ".repeat(6)), "6 directives");
    }
    refused("query($a: Int @a @a @a @a @a @a) { a }", "6 directives");
    refused("{ a } fragment f on Query @a @a @a @a @a @a { a }", "6 directives");
    refused(&format!("{{ {} }}", "a @a @a @a @a @a ".repeat(11)), "more than 50 directives");
}

#[test]
fn repeated_fields_are_refused() {
    refused(&format!("{{ {} }}", "id ".repeat(1001)), "more than 1000 fields");
    refused(&format!("{{ {} }}", "id ".repeat(9_999)), "tokens");
    // A thousand operations that share one fragment are as much work as one that spreads it a thousand times.
    let operations = (0..1000).fold(String::new(), |text, index| format!("{text} query q{index} {{ ...f }}"));
    refused(&format!("{operations} fragment f on Query {{ {} }}", "id ".repeat(50)), "more than 1000 fields");
}

#[test]
fn deep_brackets_are_refused_before_the_parser_recurses() {
    let limits = Limits::default();
    for (open, close) in [("[", "]"), ("{a:", "}"), ("(", ")")] {
        for text in [format!("{{ a(b: {}", open.repeat(16_000)), {
            format!("{{ a(b: {}1{}) }}", open.repeat(63), close.repeat(63))
        }] {
            let refusal = scan(&text, &limits).expect_err("deep brackets must be refused");
            assert!(refusal.message.contains("Brackets nest too deep"), "{}", refusal.message);
        }
    }
    let types = format!("query($a: {}Int{}) {{ a }}", "[".repeat(16_000), "]".repeat(16_000));
    assert!(scan(&types, &limits).is_err());
}

#[test]
fn the_deepest_brackets_that_pass_fit_the_stack_of_the_parser() {
    for (open, close) in [("[", "]"), ("{a:", "}")] {
        let text = format!("{{ a(b: {}1{}) }}", open.repeat(62), close.repeat(62));
        survey_of(&text).expect("62 brackets in an argument are within the limits");
    }
    let types = format!("query($a: {}Int{}) {{ a }}", "[".repeat(63), "]".repeat(63));
    survey_of(&types).expect("63 brackets in a type are within the limits");
    refused(&format!("{}a{}", "{ a ".repeat(63) + "{", "}".repeat(64)), "Braces and fragments");
}

#[test]
fn no_bracket_hides_in_a_string_or_a_comment() {
    let limits = Limits::default();
    let brackets = "[".repeat(100);
    let hidden = [
        format!("# {brackets}\n{{ a }}"),
        format!("{{ a(b: \"{brackets}\\\"{brackets}\") }}"),
        format!("{{ a(b: \"\"\"{brackets}\\\"\"\"{brackets}\n\"\"\") }}"),
    ];
    for text in hidden {
        assert_eq!(scan(&text, &limits), Ok(()), "{text}");
    }
    let open = [
        format!("# a comment\r {brackets}"),
        format!("{{ a(b: \"\\\\\" {brackets}"),
        format!("{{ a(b: \"\"\"x\\\"\"\"\"\"\" {brackets}"),
        format!("{{ a(b: \"\" {brackets}"),
    ];
    for text in open {
        let refusal = scan(&text, &limits).expect_err("these brackets are not hidden");
        assert!(refusal.message.contains("Brackets"), "{text}: {}", refusal.message);
    }
}

#[test]
fn strings_that_do_not_end_are_located() {
    for text in ["{\n  a(b: \"x", "{\n  a(b: \"x\n\")}", "{\n  a(b: \"\"\"x\"\")}", "{\n  a(b: \"x\\"] {
        let refusal = scan(text, &Limits::default()).expect_err("the string does not end");
        assert_eq!((refusal.code, refusal.at), (Code::BadRequest, Some(Pos { line: 2, column: 8 })), "{text}");
    }
}

#[test]
fn tokens_are_counted_as_the_language_defines_them() {
    let count = |text: &str| {
        (0..40).find(|tokens| scan(text, &Limits { tokens: *tokens, ..Limits::default() }).is_ok()).expect("few tokens")
    };
    assert_eq!(count("{ a }"), 3);
    assert_eq!(count("query Q($n: [Int!]! = -1.5e-3) { a(b: $n) @c ...F }"), 27);
    assert_eq!(count(" ,, # nothing\n\"\"\"a b\"\"\" \"c d\" "), 2);
    assert_eq!(count("{ a(b: \"\u{1f980} \u{fc}\u{e9}\") } # \u{1f980}\u{1f980}"), 8);
}

#[test]
fn nul_characters_are_refused_in_every_spelling() {
    for string in [r#""x\u0000""#, r#""\u{0}""#, r#""\u{000}1""#, "\"\0\"", "\"\"\"x\0\"\"\""] {
        let refusal = scan(&format!("{{ a(b: {string}) }}"), &Limits::default()).expect_err(string);
        assert!(refusal.message.contains("NUL"), "{string}: {}", refusal.message);
    }
    for string in [r#""\\u0000""#, r#""\u0001""#, r#""\u{01}""#, r#""""\u0000""""#] {
        scan(&format!("{{ a(b: {string}) }}"), &Limits::default()).expect(string);
    }
}

#[test]
fn unicode_passes_in_strings_and_is_refused_elsewhere() {
    survey_of("{ a(b: \"\u{1f980} \\u00e9 \u{202e}\") }").expect("strings hold any text");
    assert!(parse_query("{ \u{fc}ber }").is_err());
    assert_eq!(scan(&"\u{1f980}".repeat(1000), &Limits::default()), Ok(()), "left for the parser to refuse");
}

#[test]
fn cost_counts_objects_pages_and_scalars() {
    assert_eq!(cost_of("{ job(id: 1) { id } }"), 2);
    assert_eq!(cost_of("{ jobs(first: 100) { nodes { id status owner { id username } service { id name } } } }"), 331);
    assert_eq!(cost_of("{ jobs(first: 100) { edges { node { id status owner { id username } } } } }"), 221);
    assert_eq!(cost_of("{ jobs { nodes { owner { id } } } }"), 1 + 20 * 2 + 1);
    assert_eq!(cost_of("{ jobs(last: 3) { ... { ...f } totalCount } } fragment f on C { nodes { owner { id } } }"), 13);
    assert_eq!(cost_of("{ runners(first: 100) { nodes { jobs(first: 1) { totalCount } } } }"), 1 + 100 * (1 + 1 + 5));
    assert_eq!(cost_of("{ jobs(first: 4000000000) { nodes { id } } }"), 1 + 100 + 5);
    assert_eq!(cost_of("{ jobs(first: -1) { nodes { id } } }"), 1);
    assert_eq!(cost_of("{ nodes(ids: [1, 2, 3]) { id } }"), 4);
    assert_eq!(cost_of("{ usage(groupBy: USER, first: 10) { rows { spent user { username } } } }"), 1 + 10 * 2 + 1);
    assert_eq!(cost_of("{ usage(groupBy: USER) { rows { user { username } } } }"), 1 + 100 * 2 + 5);
    assert_eq!(cost_of("{ jobs(first: 10) { nodes { charges { kind spent } } } }"), 1 + 10 + 10 * 5 + 5);
    assert_eq!(cost_of("mutation { jobSubmit { job { id } } }"), 13);
    assert_eq!(cost_of("mutation { __typename }"), 1);
}

#[test]
fn pages_within_pages_are_refused() {
    refused("{ jobs(first: 100) { nodes { events(first: 100) { nodes { id } } } } }", "costs 10701 points");
    refused("{ runners(first: 100) { nodes { jobs(first: 100) { nodes { id } } } } }", "costs 10701 points");
    let deep = format!("{}id{}", "{ jobs(first: 100) { nodes ".repeat(5) + "{", "}".repeat(11));
    refused(&deep, "costs 4294967295 points");
}

#[test]
fn cost_follows_the_value_of_a_variable() {
    let text = "query($n: Int) { jobs(first: $n) { nodes { owner { id } } } }";
    assert_eq!(cost_of_with(text, value!({ "n": 100 })), 1 + 200 + 5);
    assert_eq!(cost_of_with(text, value!({ "n": 1 })), 4);
    assert_eq!(cost_of_with(text, value!({ "n": null })), 1 + 40 + 1);
    assert_eq!(cost_of_with(text, value!({})), 1 + 40 + 1);
    let ids = "query($ids: [ID!]!, $one: ID!) { nodes(ids: $ids) { a } b: nodes(ids: [$one, 2]) { a } }";
    assert_eq!(cost_of_with(ids, value!({ "ids": [1, 2, 3, 4], "one": 1 })), 7);
    let batch = "mutation($in: I!, $jobs: [J!]!) { jobSubmitBatch(input: $in) { results { job { id } } } }";
    let (one, many) = (value!({ "in": { "jobs": [{}] } }), value!({ "in": { "jobs": vec![value!({}); 1000] } }));
    assert_eq!((cost_of_with(batch, one), cost_of_with(batch, many)), (14, 315));
    let inline = batch.replace("input: $in", "input: { jobs: $jobs }");
    assert_eq!(cost_of_with(&inline, value!({ "jobs": vec![value!({}); 1000] })), 315);
    let two = inline.replace("$jobs }", "[{ a: $jobs }, {}] }");
    assert_eq!(cost_of_with(&two, value!({ "jobs": vec![value!({}); 1000] })), 14);
    // A variable that is no page leaves the cost as it is.
    assert_eq!(cost_of("query($id: ID!) { job(id: $id) { id } }"), 2);
}

#[test]
fn an_operation_has_one_mutation_or_subscription_field() {
    refused("mutation { a { id } b { id } }", "2 fields");
    refused("mutation { sessionCreate { id } again: sessionCreate { id } }", "2 fields");
    refused("mutation { ...f ... { b { id } } } fragment f on Mutation { a { id } }", "2 fields");
    refused("query q { a } mutation m { a b }", "2 fields");
    assert!(survey_of("mutation one { __typename a { id } } mutation two { a { id } }").is_ok());
    refused("subscription { a { id } b { id } }", "exactly one");
    refused("subscription { __typename }", "exactly one");
    assert!(survey_of("subscription { ...f } fragment f on Subscription { a { id } }").is_ok());
}

#[test]
fn introspection_has_its_own_bounds() {
    let circle = "fields { type { ".repeat(5);
    refused(&format!("{{ __schema {{ types {{ {circle} name {} }} }} }}", "} }".repeat(5)), "below `fields`");
    refused(
        "{ __type(name: \"a\") { fields { type { ...f } } } } fragment f on T { fields { name } }",
        "below `fields`",
    );
    let deep = format!("{{ __type(name: \"a\") {{ {} name {} }} }}", "ofType {".repeat(15), "}".repeat(15));
    refused(&deep, "16 levels");
    refused(&format!("{{ __schema {{ {} }} }}", "description ".repeat(400)), "400 fields");
    let lists = "possibleTypes { interfaces { ".repeat(6);
    refused(&format!("{{ __schema {{ types {{ {lists} name {} }} }} }}", "} }".repeat(6)), "over and over");
    refused(
        &format!("{{ __schema {{ types {{ {} }} }} }}", "fields { name type { name } } ".repeat(60)),
        "over and over",
    );
    assert_eq!(cost_of("{ __schema { types { name fields { args { type { ofType { name } } } } } } }"), 0);
}

/// What graphql-js's `getIntrospectionQuery` asks for with every option on, and the playground with it.
#[test]
fn the_introspection_of_the_usual_tools_is_within_the_bounds() {
    let text = include_str!("introspection.graphql");
    assert_eq!(cost_of(text), 0);
    let document = parse_query(text).expect("it parses");
    let (_, operation) = document.operations.iter().next().expect("it has an operation");
    let measure = survey::Walk::new(&document, None, &Limits::default())
        .operation(&operation.node)
        .expect("it is within the limits");
    let introspection = measure.introspection;
    assert_eq!((introspection.depth, introspection.fields, introspection.weight), (15, 230, 149_496));
}
