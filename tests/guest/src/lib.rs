//! Analyses SQL and masks bodies as the filters do, in loops that whoever runs the module times from outside.
#![allow(unsafe_code, reason = "exported functions have their own names")]

pub mod body;

// Linked for its allocator.
use gatewright_allocator as _;

use std::cell::RefCell;

use gatewright_core::bundle::{
    ApprovalMode, Approvals, Bundle, Enforcement, FORMAT, Limits, Recording, RecordingMode, Resource, Role,
    VERSION,
};
use gatewright_core::catalogue::{Catalogue, Column, MaskedColumn, Relation, RelationKind, Taint};
use gatewright_core::mask::Method;
use gatewright_postgres::Plane;

/// What the exported functions work on.
struct Work {
    plane: Plane,
    seen: Vec<String>,
    fresh: Vec<String>,
}

thread_local! {
    static WORK: RefCell<Option<Work>> = const { RefCell::new(None) };
}

/// A statement of 500 bytes over three tables, with a sub-query, an aggregate and masked columns; `variant` goes into
/// a name (another shape) and `value` into a literal (the same shape).
#[must_use]
pub fn statement(variant: u32, value: u32) -> String {
    format!(
        "WITH recent AS (SELECT o.id, o.customer_id, o.amount, o.status FROM orders o WHERE o.created_at > now() - \
         interval '30 days' AND o.status <> 'cancelled') SELECT c.id AS column_{variant:05}, c.name, lower(c.email) AS \
         email, c.region, count(r.id) AS orders, sum(r.amount) AS total, max(p.token) AS token FROM customers c JOIN \
         recent r ON r.customer_id = c.id LEFT JOIN payments p ON p.order_id = r.id WHERE c.region IN ('eu', 'us') AND \
         c.id > {value} GROUP BY c.id, c.name, c.email, c.region ORDER BY total DESC LIMIT 50"
    )
}

/// Makes ready for so many rounds; gives the length of a statement in bytes.
#[unsafe(no_mangle)]
pub extern "C" fn prepare(rounds: u32) -> u32 {
    let Ok(plane) = Plane::new(&bundle()) else { return 0 };
    let seen: Vec<String> = (0..64).map(|value| statement(0, value)).collect();
    let length = seen.first().map_or(0, String::len);
    let fresh = (1..=rounds).map(|variant| statement(variant, 7)).collect();
    WORK.replace(Some(Work { plane, seen, fresh }));
    u32::try_from(length).unwrap_or(0)
}

/// Statements whose shape is known; gives how many were understood.
#[unsafe(no_mangle)]
pub extern "C" fn seen(rounds: u32) -> u32 {
    WORK.with_borrow(|work| {
        let Some(work) = work else { return 0 };
        let texts = work.seen.iter().cycle().take(rounds as usize);
        count(texts.filter(|text| work.plane.understands(text)))
    })
}

/// Statements of which each has another shape.
#[unsafe(no_mangle)]
pub extern "C" fn fresh(rounds: u32) -> u32 {
    WORK.with_borrow(|work| {
        let Some(work) = work else { return 0 };
        count(work.fresh.iter().take(rounds as usize).filter(|text| work.plane.understands(text)))
    })
}

fn count<T>(all: impl Iterator<Item = T>) -> u32 {
    u32::try_from(all.count()).unwrap_or(0)
}

fn bundle() -> Bundle {
    let mut masked = Vec::new();
    let mut relation = |oid: u32, name: &str, columns: &str| Relation {
        oid,
        schema: "public".to_owned(),
        name: name.to_owned(),
        kind: RelationKind::Table,
        columns: (1_i16..)
            .zip(columns.split(' '))
            .map(|(attnum, column)| {
                let (column, is_masked) = column.strip_suffix('*').map_or((column, false), |c| (c, true));
                let taint = if is_masked {
                    masked.push(MaskedColumn {
                        schema: "public".to_owned(),
                        table: name.to_owned(),
                        column: column.to_owned(),
                        method: Method::Redact,
                        tags: Vec::new(),
                    });
                    Taint::of(u32::try_from(masked.len()).unwrap_or(1).saturating_sub(1))
                } else {
                    Taint::CLEAN
                };
                Column { name: column.to_owned(), attnum, type_oid: 25, taint, derived: false }
            })
            .collect(),
        definition: None,
        tags: Vec::new(),
    };
    let relations = vec![
        relation(20_001, "customers", "id name email* phone* ssn* card_number* region notes created_at"),
        relation(20_002, "orders", "id customer_id amount status created_at"),
        relation(20_003, "payments", "id order_id card_number* token*"),
    ];
    Bundle {
        format: FORMAT,
        version: VERSION.to_owned(),
        digest: String::new(),
        resource: Resource {
            name: "shop".to_owned(),
            database: "shop".to_owned(),
            roles: vec![Role { name: "support".to_owned(), target: "support".to_owned(), ephemeral: false }],
            allow_cleartext_password: false,
            announce: false,
        },
        providers: Vec::new(),
        policies: serde_json::json!({ "staticPolicies": {}, "templates": {}, "templateLinks": [] }),
        catalogue: Catalogue {
            relations,
            masked,
            functions: Vec::new(),
            search_path: vec!["public".to_owned()],
        },
        approvals: Approvals { mode: ApprovalMode::Hold, in_transaction: ApprovalMode::Hold, expires_s: 900 },
        recording: Recording {
            mode: RecordingMode::Buffered,
            max_unacknowledged: 1000,
            max_rows: 100,
            max_result_bytes: 65_536,
        },
        enforcement: Enforcement::Enforce,
        limits: Limits::default(),
        mask_key: String::new(),
        detectors: Default::default(),
        api: None,
    }
}
