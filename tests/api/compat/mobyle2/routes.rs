//! The table of routes.

use docket::compat::DIALECTS;

#[test]
fn fewer_than_a_third_of_the_routes_run_no_operation() {
    let dialect = DIALECTS.iter().find(|dialect| dialect.name == "mobyle2").expect("it is listed");
    let routes = (dialect.routes)();
    let without = routes.iter().filter(|route| route.operations.is_empty()).count();
    assert_eq!((routes.len(), without), (10, 0));
}
