//! How far long work has come, for whoever waits for it at a terminal. Nothing is written anywhere else.

use indicatif::{ProgressBar, ProgressStyle};

/// Of what has an end.
const BAR: &str = "{pos} of {len} {msg} {wide_bar} {eta}";
/// Of what has none that is known.
const SPINNER: &str = "{spinner} {pos} {msg}";

/// A bar on standard error, which is gone when it is dropped.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// Of work on so many of something; `what` names them.
    pub(crate) fn of(what: &'static str, many: u64) -> Self {
        let style = ProgressStyle::with_template(BAR);
        Self(ProgressBar::new(many).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())))
            .named(what)
    }

    /// Of work on nobody knows how many.
    pub(crate) fn of_some(what: &'static str) -> Self {
        let style = ProgressStyle::with_template(SPINNER);
        Self(ProgressBar::no_length().with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner())))
            .named(what)
    }

    fn named(self, what: &'static str) -> Self {
        self.0.set_message(what);
        self
    }

    /// One is done.
    pub(crate) fn one(&self) {
        self.0.inc(1);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_templates_are_right() {
        for template in [BAR, SPINNER] {
            assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
        }
        let progress = Progress::of("entries", 2);
        progress.one();
        assert_eq!((progress.0.position(), progress.0.length()), (1, Some(2)));
        assert_eq!(progress.0.message(), "entries");
    }
}
