//! How the commands talk to people: plain lines, in colour on a terminal only.

use std::io::IsTerminal;
use std::sync::LazyLock;
use std::time::Duration;

static COLOUR: LazyLock<bool> =
    LazyLock::new(|| std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none());

/// A terminal's colours.
#[derive(Clone, Copy)]
pub(crate) enum Paint {
    Bold,
    Red,
    Green,
    Yellow,
    Blue,
}

/// `text` in a colour, where colours are shown.
pub(crate) fn paint(paint: Paint, text: impl std::fmt::Display) -> String {
    let code = match paint {
        Paint::Bold => "1",
        Paint::Red => "1;31",
        Paint::Green => "1;32",
        Paint::Yellow => "1;33",
        Paint::Blue => "1;34",
    };
    if *COLOUR { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_string() }
}

/// One line that says what goes on.
pub(crate) fn step(verb: &str, what: impl std::fmt::Display) {
    println!("{} {what}", paint(Paint::Green, format!("{verb:>12}")));
}

/// One line that says what is wrong and what to do.
pub(crate) fn warn(what: impl std::fmt::Display) {
    println!("{} {what}", paint(Paint::Yellow, format!("{:>12}", "Warning")));
}

/// `1.2 s`, `3 min 04 s`.
pub(crate) fn seconds(time: Duration) -> String {
    match time.as_secs() {
        0..60 => format!("{:.1} s", time.as_secs_f64()),
        whole => format!("{} min {:02} s", whole / 60, whole % 60),
    }
}
