//! Whether a WHERE restricts anything.

use sqlparser::ast::{BinaryOperator, Expr, SetExpr, UnaryOperator, Value, ValueWithSpan};

/// False for a condition that is plainly the same for every row: it names no column, or only compares one with
/// itself. A false positive asks for a WHERE that is there; a false negative lets a trick through.
pub(crate) fn restricts(condition: &Expr) -> bool {
    restricting(condition, false)
}

/// `negated`: whether the condition stands under an odd number of NOTs.
fn restricting(expr: &Expr, negated: bool) -> bool {
    match expr {
        Expr::Nested(inner) => restricting(inner, negated),
        Expr::UnaryOp { op: UnaryOperator::Not, expr } => restricting(expr, !negated),
        Expr::IsTrue(inner) | Expr::IsNotFalse(inner) => restricting(inner, negated),
        Expr::IsFalse(inner) | Expr::IsNotTrue(inner) => restricting(inner, !negated),
        Expr::BinaryOp { left, op: op @ (BinaryOperator::And | BinaryOperator::Or), right } => {
            let (left_does, right_does) = (restricting(left, negated), restricting(right, negated));
            if (*op == BinaryOperator::And) != negated {
                left_does || right_does
            } else {
                left_does && right_does && !opposite(left, right)
            }
        }
        Expr::BinaryOp { left, right, .. }
        | Expr::AnyOp { left, right, .. }
        | Expr::AllOp { left, right, .. } => {
            bare(left) != bare(right) && !(constant(left) && constant(right))
        }
        Expr::IsDistinctFrom(left, right) | Expr::IsNotDistinctFrom(left, right) => {
            bare(left) != bare(right) && !(constant(left) && constant(right))
        }
        Expr::InList { expr, list, .. } => {
            let names_itself = list.iter().any(|item| bare(item) == bare(expr));
            let is_constant = constant(expr) && list.iter().all(constant);
            !names_itself && !is_constant
        }
        Expr::Between { expr, low, high, .. } => {
            let same = |bound: &Expr| bare(bound) == bare(expr) || constant(bound) && constant(expr);
            !(same(low) && same(high))
        }
        Expr::Like { pattern, expr, .. } | Expr::ILike { pattern, expr, .. } => {
            !takes_all(pattern) && bare(pattern) != bare(expr) && !(constant(pattern) && constant(expr))
        }
        other => !constant(other),
    }
}

/// Whether a pattern, or one of several (LIKE ANY), is of `%` alone.
fn takes_all(pattern: &Expr) -> bool {
    match bare(pattern) {
        Expr::Value(ValueWithSpan { value, .. }) => {
            let text = match value {
                Value::SingleQuotedString(text) | Value::EscapedStringLiteral(text) => text,
                Value::DollarQuotedString(text) => &text.value,
                _ => return false,
            };
            // `'{%}'` is an array to ANY.
            !text.is_empty() && text.chars().all(|c| "%{},\"".contains(c)) && text.contains('%')
        }
        Expr::Array(array) => array.elem.iter().any(takes_all),
        Expr::Tuple(parts) => parts.iter().any(takes_all),
        Expr::Cast { expr, .. } => takes_all(expr),
        _ => false,
    }
}

fn bare(expr: &Expr) -> &Expr {
    let mut expr = expr;
    while let Expr::Nested(inner) = expr {
        expr = inner;
    }
    expr
}

/// Whether one of two conditions holds wherever the other does not.
fn opposite(left: &Expr, right: &Expr) -> bool {
    match (bare(left), bare(right)) {
        (Expr::IsNull(a), Expr::IsNotNull(b))
        | (Expr::IsNotNull(a), Expr::IsNull(b))
        | (Expr::IsTrue(a), Expr::IsNotTrue(b))
        | (Expr::IsNotTrue(a), Expr::IsTrue(b))
        | (Expr::IsFalse(a), Expr::IsNotFalse(b))
        | (Expr::IsNotFalse(a), Expr::IsFalse(b)) => bare(a) == bare(b),
        (Expr::UnaryOp { op: UnaryOperator::Not, expr: a }, b)
        | (b, Expr::UnaryOp { op: UnaryOperator::Not, expr: a }) => bare(a) == b,
        (Expr::BinaryOp { left: a, op, right: b }, Expr::BinaryOp { left: c, op: other, right: d }) => {
            use BinaryOperator::{Eq, Gt, GtEq, Lt, LtEq, NotEq};
            let complement = matches!(
                (op, other),
                (Eq, NotEq) | (NotEq, Eq) | (Lt, GtEq) | (GtEq, Lt) | (Gt, LtEq) | (LtEq, Gt)
            );
            complement && bare(a) == bare(c) && bare(b) == bare(d)
        }
        _ => false,
    }
}

/// Whether an expression names no column. What is not seen through is taken to name one.
pub(crate) fn constant(expr: &Expr) -> bool {
    match expr {
        Expr::Value(_) | Expr::TypedString(_) => true,
        Expr::Nested(e)
        | Expr::UnaryOp { expr: e, .. }
        | Expr::Cast { expr: e, .. }
        | Expr::Collate { expr: e, .. }
        | Expr::IsNull(e)
        | Expr::IsNotNull(e)
        | Expr::IsTrue(e)
        | Expr::IsNotTrue(e)
        | Expr::IsFalse(e)
        | Expr::IsNotFalse(e)
        | Expr::IsUnknown(e)
        | Expr::IsNotUnknown(e) => constant(e),
        Expr::BinaryOp { left, right, .. }
        | Expr::AnyOp { left, right, .. }
        | Expr::AllOp { left, right, .. }
        | Expr::IsDistinctFrom(left, right)
        | Expr::IsNotDistinctFrom(left, right) => constant(left) && constant(right),
        Expr::InList { expr, list, .. } => constant(expr) && list.iter().all(constant),
        Expr::Between { expr, low, high, .. } => constant(expr) && constant(low) && constant(high),
        Expr::Like { expr, pattern, .. } | Expr::ILike { expr, pattern, .. } => {
            constant(expr) && constant(pattern)
        }
        Expr::Array(array) => array.elem.iter().all(constant),
        Expr::Tuple(parts) => parts.iter().all(constant),
        Expr::Interval(interval) => constant(&interval.value),
        Expr::Case { operand, conditions, else_result, .. } => {
            operand.as_deref().is_none_or(constant)
                && conditions.iter().all(|when| constant(&when.condition) && constant(&when.result))
                && else_result.as_deref().is_none_or(constant)
        }
        Expr::Function(function) => {
            crate::walk::call_arguments(function).is_some_and(|mut args| args.all(constant))
        }
        Expr::Exists { subquery, .. } | Expr::Subquery(subquery) => match &*subquery.body {
            SetExpr::Select(select) => {
                select.from.is_empty() && select.selection.as_ref().is_none_or(constant)
            }
            SetExpr::Values(_) => true,
            _ => false,
        },
        _ => false,
    }
}
