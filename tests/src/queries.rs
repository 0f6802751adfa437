//! Random queries over the shop: valid ones for the most part, and as odd as somebody who wants the masked values
//! would make them.

use rand::prelude::*;
use rand::rngs::StdRng;

/// Types that expressions are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Text,
    Int,
    Bool,
    Json,
}

use Type::{Bool, Int, Json, Text};

/// A column in sight: how it is written, and its type.
#[derive(Debug, Clone)]
struct Column {
    written: String,
    kind: Type,
}

/// Output columns of a sub-query.
type Outputs = Vec<(String, Type)>;

const TABLES: [(&str, &[(&str, Type)]); 4] = [
    (
        "customers",
        &[
            ("id", Int),
            ("name", Text),
            ("email", Text),
            ("phone", Text),
            ("ssn", Text),
            ("card_number", Text),
            ("region", Text),
            ("notes", Json),
        ],
    ),
    ("orders", &[("id", Int), ("customer_id", Int), ("status", Text)]),
    ("payments", &[("id", Int), ("order_id", Int), ("card_number", Text), ("token", Text)]),
    ("customer_contacts", &[("id", Int), ("name", Text), ("email", Text), ("phone", Text)]),
];

/// Makes queries; the same seed makes the same ones.
pub struct Queries {
    random: StdRng,
    aliases: u32,
}

impl Queries {
    /// Queries of that seed.
    pub fn new(seed: u64) -> Self {
        Self { random: StdRng::seed_from_u64(seed), aliases: 0 }
    }

    /// The next one.
    pub fn next_query(&mut self) -> String {
        self.aliases = 0;
        let (query, _) = self.query(2, &[]);
        query
    }

    fn one_in(&mut self, n: u32) -> bool {
        self.random.random_ratio(1, n)
    }

    fn below(&mut self, n: usize) -> usize {
        self.random.random_range(0..n)
    }

    fn pick<'t>(&mut self, from: &[&'t str]) -> &'t str {
        from[self.below(from.len())]
    }

    fn alias(&mut self) -> String {
        self.aliases += 1;
        format!("t{}", self.aliases)
    }

    /// A query and its outputs; `outer` is in sight as well.
    fn query(&mut self, depth: u32, outer: &[Column]) -> (String, Outputs) {
        match self.below(12) {
            0 if depth > 0 => self.set_operation(depth),
            1 if depth > 0 => {
                let (inner, outputs) = self.query(depth - 1, &[]);
                let name = self.alias();
                let columns = in_sight(&name, &outputs);
                let (select, outputs) = self.select(depth - 1, &format!("{name} {name}"), columns, outer);
                (format!("WITH {name} AS ({inner}) {select}"), outputs)
            }
            _ => {
                let (from, columns) = self.from(depth);
                self.select(depth, &from, columns, outer)
            }
        }
    }

    fn set_operation(&mut self, depth: u32) -> (String, Outputs) {
        let arm = |queries: &mut Self| {
            let (from, columns) = queries.from(depth - 1);
            let text = queries.text(depth - 1, &columns);
            let number = queries.int(0, &columns);
            format!("SELECT {text} AS a, {number} AS b FROM {from}")
        };
        let (left, right) = (arm(self), arm(self));
        let operator = self.pick(&["UNION", "UNION ALL", "UNION ALL", "INTERSECT", "EXCEPT"]);
        (format!("{left} {operator} {right}"), vec![("a".to_owned(), Text), ("b".to_owned(), Int)])
    }

    fn from(&mut self, depth: u32) -> (String, Vec<Column>) {
        let (mut from, mut columns) = self.factor(depth);
        while columns.len() < 24 && self.one_in(3) {
            if self.one_in(8) {
                let alias = self.alias();
                let rows = match self.below(3) {
                    0 => format!("generate_series(1, {}) {alias}(n)", self.int(1, &columns)),
                    1 => format!("LATERAL (SELECT {} AS n) {alias}", self.int(1, &columns)),
                    _ => format!("(VALUES (1), (2)) {alias}(n)"),
                };
                from = format!("{from} CROSS JOIN {rows}");
                columns.push(Column { written: format!("{alias}.n"), kind: Int });
                continue;
            }
            let (right, more) = self.factor(depth.saturating_sub(1));
            let join = self.pick(&["JOIN", "LEFT JOIN", "FULL JOIN"]);
            columns.extend(more);
            let on = if join == "FULL JOIN" { self.equal(&columns) } else { self.condition(1, &columns) };
            from = format!("{from} {join} {right} ON {on}");
        }
        (from, columns)
    }

    fn factor(&mut self, depth: u32) -> (String, Vec<Column>) {
        let alias = self.alias();
        if depth > 0 && self.one_in(4) {
            let (query, outputs) = self.query(depth - 1, &[]);
            return (format!("({query}) {alias}"), in_sight(&alias, &outputs));
        }
        let (table, columns) = TABLES[self.below(TABLES.len())];
        let columns = columns
            .iter()
            .map(|(name, kind)| Column { written: format!("{alias}.{name}"), kind: *kind })
            .collect();
        (format!("{table} {alias}"), columns)
    }

    fn select(
        &mut self,
        depth: u32,
        from: &str,
        columns: Vec<Column>,
        outer: &[Column],
    ) -> (String, Outputs) {
        let mut sight = columns;
        if self.one_in(2) {
            sight.extend_from_slice(outer);
        }
        let filter =
            if self.one_in(2) { format!(" WHERE {}", self.condition(2, &sight)) } else { String::new() };
        if self.one_in(4) {
            return self.grouped(depth, from, &filter, &sight);
        }
        let mut items = Vec::new();
        let mut outputs = Vec::new();
        for position in 0..1 + self.below(3) {
            let (item, kind) = self.any(depth, &sight);
            items.push(format!("{item} AS c{position}"));
            outputs.push((format!("c{position}"), kind));
        }
        let distinct = if self.one_in(6) { "DISTINCT " } else { "" };
        let mut query = format!("SELECT {distinct}{} FROM {from}{filter}", items.join(", "));
        if distinct.is_empty() && self.one_in(5) {
            let key = self.text(1, &sight);
            query = format!("{query} ORDER BY {key}");
            if self.one_in(2) {
                query = format!("{query} LIMIT 3");
            }
        }
        (query, outputs)
    }

    fn grouped(&mut self, depth: u32, from: &str, filter: &str, sight: &[Column]) -> (String, Outputs) {
        let key = if self.one_in(3) { self.text(1, sight) } else { self.column(Text, sight) };
        let aggregate = match self.below(6) {
            0 => "count(*)".to_owned(),
            1 => format!("count({})", self.text(depth, sight)),
            2 => format!("count(DISTINCT {})", self.text(1, sight)),
            3 => format!("count(*) FILTER (WHERE {})", self.condition(1, sight)),
            4 => format!("sum({})", self.int(1, sight)),
            _ => format!("count(nullif({}, 'x'))", self.text(1, sight)),
        };
        let having = if self.one_in(4) {
            format!(" HAVING max({}) < 'n'", self.text(1, sight))
        } else {
            String::new()
        };
        let query = format!(
            "SELECT {key} AS a, {aggregate} AS b, max({}) AS c FROM {from}{filter} GROUP BY {key}{having}",
            self.text(1, sight)
        );
        (query, vec![("a".to_owned(), Text), ("b".to_owned(), Int), ("c".to_owned(), Text)])
    }

    fn any(&mut self, depth: u32, sight: &[Column]) -> (String, Type) {
        match self.below(8) {
            0..=3 => (self.text(depth, sight), Text),
            4 | 5 => (self.int(depth, sight), Int),
            6 => (self.condition(depth.min(1), sight), Bool),
            _ => (self.json(depth, sight), Json),
        }
    }

    /// A column of that type, or a literal where there is none.
    fn column(&mut self, kind: Type, sight: &[Column]) -> String {
        let fitting: Vec<&Column> = sight.iter().filter(|column| column.kind == kind).collect();
        match (fitting.is_empty(), kind) {
            (false, _) => fitting[self.below(fitting.len())].written.clone(),
            (true, Text) => "'x'".to_owned(),
            (true, Int) => "7".to_owned(),
            (true, Bool) => "true".to_owned(),
            (true, Json) => "'{}'::jsonb".to_owned(),
        }
    }

    fn text(&mut self, depth: u32, sight: &[Column]) -> String {
        if depth == 0 || self.one_in(3) {
            return self.column(Text, sight);
        }
        let inner = depth - 1;
        match self.below(16) {
            0 => format!("upper({})", self.text(inner, sight)),
            1 => format!("lower({})", self.text(inner, sight)),
            2 => format!("reverse({})", self.text(inner, sight)),
            3 => format!("left({}, 3)", self.text(inner, sight)),
            4 => format!("substr({}, 2, 4)", self.text(inner, sight)),
            5 => format!("({} || {})", self.text(inner, sight), self.text(inner, sight)),
            6 => format!("coalesce({}, {})", self.text(inner, sight), self.text(inner, sight)),
            7 => {
                let condition = self.condition(1, sight);
                let (yes, no) = (self.text(inner, sight), self.text(inner, sight));
                format!("CASE WHEN {condition} THEN {yes} ELSE {no} END")
            }
            8 => format!("nullif({}, {})", self.text(inner, sight), self.text(inner, sight)),
            9 => format!("({})::text", self.int(inner, sight)),
            10 => format!("md5({})", self.text(inner, sight)),
            11 => format!("greatest({}, {})", self.text(inner, sight), self.text(inner, sight)),
            12 => format!("({})::text", self.json(inner, sight)),
            13 => format!("split_part({}, '-', 1)", self.text(inner, sight)),
            14 => format!("concat({}, {})", self.text(inner, sight), self.int(inner, sight)),
            _ => self.scalar(inner, Text, sight),
        }
    }

    fn int(&mut self, depth: u32, sight: &[Column]) -> String {
        if depth == 0 || self.one_in(3) {
            return self.column(Int, sight);
        }
        let inner = depth - 1;
        match self.below(8) {
            0 => format!("length({})", self.text(inner, sight)),
            1 => format!("ascii({})", self.text(inner, sight)),
            2 => format!("({} + {})", self.int(inner, sight), self.int(inner, sight)),
            3 => format!("strpos({}, '5')", self.text(inner, sight)),
            4 => format!("(100 / nullif({}, 0))", self.int(inner, sight)),
            5 => format!("coalesce({}, 0)", self.int(inner, sight)),
            6 => {
                let condition = self.condition(1, sight);
                format!("CASE WHEN {condition} THEN {} ELSE 0 END", self.int(inner, sight))
            }
            _ => self.scalar(inner, Int, sight),
        }
    }

    fn json(&mut self, depth: u32, sight: &[Column]) -> String {
        if depth == 0 || self.one_in(3) {
            return self.column(Json, sight);
        }
        let inner = depth - 1;
        match self.below(4) {
            0 => format!("jsonb_build_object('k', {})", self.text(inner, sight)),
            1 => format!("to_jsonb({})", self.text(inner, sight)),
            2 => format!("jsonb_build_array({}, {})", self.text(inner, sight), self.int(inner, sight)),
            _ => {
                let row =
                    sight.get(self.below(sight.len())).and_then(|column| column.written.split_once('.'));
                match row {
                    Some((source, _)) => format!("to_jsonb({source})"),
                    None => "'{}'::jsonb".to_owned(),
                }
            }
        }
    }

    /// A sub-query that gives one value.
    fn scalar(&mut self, depth: u32, kind: Type, sight: &[Column]) -> String {
        let (table, columns) = TABLES[self.below(TABLES.len())];
        let alias = self.alias();
        let mut within: Vec<Column> = columns
            .iter()
            .map(|(name, kind)| Column { written: format!("{alias}.{name}"), kind: *kind })
            .collect();
        within.extend_from_slice(sight);
        let condition = self.condition(1, &within);
        let value = match kind {
            Int if self.one_in(2) => "count(*)".to_owned(),
            Int => format!("max({})", self.int(depth, &within)),
            _ => format!("min({})", self.text(depth, &within)),
        };
        format!("(SELECT {value} FROM {table} {alias} WHERE {condition})")
    }

    fn equal(&mut self, sight: &[Column]) -> String {
        format!("{} = {}", self.column(Int, sight), self.column(Int, sight))
    }

    fn condition(&mut self, depth: u32, sight: &[Column]) -> String {
        let inner = depth.saturating_sub(1);
        match self.below(if depth == 0 { 9 } else { 14 }) {
            0..=2 => self.equal(sight),
            3 => format!("{} < {}", self.int(inner, sight), 1 + self.below(9)),
            4 => format!("{} = 'no such value'", self.column(Text, sight)),
            5 => format!("{} IS NOT NULL", self.column(Text, sight)),
            6 => format!("{} IN ('none', 'neither')", self.column(Text, sight)),
            7 => format!("{} LIKE '%4%'", self.text(inner, sight)),
            8 => format!("{} = {}", self.text(inner, sight), self.text(inner, sight)),
            9 => format!("({} AND {})", self.condition(inner, sight), self.condition(inner, sight)),
            10 => format!("({} OR {})", self.condition(inner, sight), self.condition(inner, sight)),
            11 => format!("NOT ({})", self.condition(inner, sight)),
            12 => {
                let (query, outputs) = self.query(0, sight);
                match outputs.iter().find(|(_, kind)| *kind == Int) {
                    Some((name, _)) => {
                        format!("{} IN (SELECT {name} FROM ({query}) q)", self.column(Int, sight))
                    }
                    None => format!("EXISTS ({query})"),
                }
            }
            _ => format!("{} > {}", self.text(inner, sight), self.text(inner, sight)),
        }
    }
}

fn in_sight(alias: &str, outputs: &Outputs) -> Vec<Column> {
    outputs.iter().map(|(name, kind)| Column { written: format!("{alias}.{name}"), kind: *kind }).collect()
}
