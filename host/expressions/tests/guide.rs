//! The examples in the tables of the guide have the values that stand beside them.

use bifrost_expressions::Expression;
use serde_json::{Value, json};

#[test]
fn the_guide_is_right() {
    let scope = json!({"fields": {"count": 3, "agreed": true}, "now": "2026-11-26T08:39:00+01:00"});
    let guide = include_str!("../../../docs/guide/expressions.md");
    let mut seen = 0;
    for row in guide.lines().filter(|line| line.starts_with('|')) {
        // A bar that is escaped belongs to its cell.
        let row = row.replace("\\|", "\u{0}").replace("<code>", "`").replace("</code>", "`");
        let cells: Vec<String> = row.split('|').map(|cell| cell.trim().replace('\u{0}', "|")).collect();
        let [_, _, _, example, value, _] = cells.as_slice() else { continue };
        let code = |cell: &str| Some(cell.strip_prefix('`')?.strip_suffix('`')?.to_owned());
        let (Some(example), Some(value)) = (code(example), code(value)) else { continue };
        let expected: Value = serde_json::from_str(&value).expect(&value);
        let expression = Expression::parse(&example).expect(&example);
        assert_eq!(expression.evaluate(&scope).expect(&example), expected, "{example}");
        seen += 1;
    }
    assert!(seen > 30, "{seen} examples were found");
}
