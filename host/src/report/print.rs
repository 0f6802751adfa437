//! The report for people.

use std::fmt::Write as _;

use super::tally::{Finding, Report, Would};
use crate::table::table;
use crate::time::clock;

/// What stands before the table of each resource, and the table.
pub(super) fn text(report: &Report) -> anyhow::Result<String> {
    let mut text = String::new();
    for (position, total) in report.resources.iter().enumerate() {
        if position > 0 {
            text.push('\n');
        }
        let (name, statements, agents) = (&total.resource, total.statements, total.agents);
        let (first, last) = (clock(total.first), clock(total.last));
        writeln!(
            text,
            "{name}: {statements} in shadow mode, by {agents} agents, from {first} to {last} UTC"
        )?;
        writeln!(
            text,
            "enforcement would allow {}, deny {}, hold {}; {} are refused as it is",
            total.would_allow, total.would_deny, total.would_hold, total.refused
        )?;
        let findings = report.findings.iter().filter(|finding| finding.resource == *name);
        let rows: Vec<_> = findings.map(row).collect();
        if !rows.is_empty() {
            let header = ["WOULD", "COUNT", "AGENT", "STATEMENT", "BY", "FIRST", "LAST", "FOR EXAMPLE"];
            text.push_str(&table(header, rows));
        }
    }
    Ok(text)
}

fn row(finding: &Finding) -> [String; 8] {
    let names = || finding.names.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    let by = match finding.would {
        Would::Mask | Would::Hide => names(),
        _ if finding.policies.is_empty() => finding.reason.clone(),
        _ => finding.policies.iter().map(String::as_str).collect::<Vec<_>>().join(", "),
    };
    let would = match (finding.would, finding.already) {
        (Would::Mask, true) => "masked",
        (would, _) => would.word(),
    };
    let example = match finding.statement {
        0 => finding.session.clone(),
        number => format!("{} #{number}", finding.session),
    };
    [
        would.to_owned(),
        finding.count.to_string(),
        finding.agent.clone(),
        finding.shape.split_whitespace().collect::<Vec<_>>().join(" "),
        by,
        clock(finding.first),
        clock(finding.last),
        example,
    ]
}
