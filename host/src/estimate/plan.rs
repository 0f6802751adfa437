//! What a plan says (`EXPLAIN (FORMAT JSON)`: a list of objects, each with its `Plan`; nodes have their
//! inputs in `Plans`).

use serde_json::Value;

use super::Fate;

/// How many rows the statement changes or returns, as planned. Rules may make several statements of one.
/// `None` where there is no plan in it.
pub(super) fn rows(explained: &Value) -> Option<(u64, Fate)> {
    let plans: Vec<&Value> = explained.as_array()?.iter().filter_map(|one| one.get("Plan")).collect();
    let (mut changed, mut changes) = (0.0, false);
    // Also those below: `WITH gone AS (DELETE … RETURNING …) SELECT …`.
    let mut nodes = plans.clone();
    while let Some(node) = nodes.pop() {
        let inputs = node.get("Plans").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        nodes.extend(inputs);
        if text(node, "Node Type") == "ModifyTable" {
            changes = true;
            // Its own number is of what RETURNING gives. Other inputs are subqueries, for values.
            let of = inputs
                .iter()
                .filter(|input| matches!(text(input, "Parent Relationship"), "Outer" | "Member"));
            changed += of.filter_map(planned).sum::<f64>();
        }
    }
    if changes {
        return Some((whole(changed), Fate::Changed));
    }
    let returned = plans.first().copied().and_then(planned)?;
    Some((whole(returned), Fate::Returned))
}

fn planned(node: &Value) -> Option<f64> {
    node.get("Plan Rows").and_then(Value::as_f64)
}

fn text<'a>(node: &'a Value, name: &str) -> &'a str {
    node.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// Rows are counted in whole numbers; more than there can be is the most that there can be.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` keeps to the range")]
fn whole(rows: f64) -> u64 {
    rows.round() as u64
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn scan(rows: f64, relationship: &str) -> Value {
        json!({ "Node Type": "Seq Scan", "Parent Relationship": relationship, "Plan Rows": rows })
    }

    #[test]
    fn what_is_changed_is_what_flows_into_the_change() {
        let delete = json!({
            "Node Type": "ModifyTable", "Operation": "Delete", "Plan Rows": 0,
            "Plans": [scan(40.0, "InitPlan"), scan(1_200.0, "Outer")],
        });
        assert_eq!(rows(&json!([{ "Plan": delete }])), Some((1_200, Fate::Changed)));
        let with = json!({ "Node Type": "Aggregate", "Plan Rows": 1, "Plans": [delete, scan(9.0, "Outer")] });
        assert_eq!(rows(&json!([{ "Plan": with }])), Some((1_200, Fate::Changed)));
        // A rule that notes it elsewhere as well.
        assert_eq!(rows(&json!([{ "Plan": delete }, { "Plan": delete }])), Some((2_400, Fate::Changed)));
        let select = scan(7.0, "Outer");
        assert_eq!(rows(&json!([{ "Plan": select }])), Some((7, Fate::Returned)));
        let endless = scan(1e30, "Outer");
        assert_eq!(rows(&json!([{ "Plan": endless }])), Some((u64::MAX, Fate::Returned)));
        for nothing in [json!([]), json!({}), json!(["Utility Statement"]), json!([{ "Plan": {} }])] {
            assert_eq!(rows(&nothing), None, "{nothing}");
        }
    }
}
