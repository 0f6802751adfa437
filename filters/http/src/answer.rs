//! Headers of answers.

use gatewright_core::detect::Detectors;

use crate::head::{Change, Head};

/// What is true of the whole body as the target sent it, and not of what the agent gets. An entity tag may be a digest
/// of few and guessable bytes.
pub(crate) const OF_THE_WHOLE_BODY: &[&str] = &[
    "accept-ranges",
    "content-digest",
    "content-length",
    "content-md5",
    "content-range",
    "digest",
    "etag",
    "repr-digest",
    "want-digest",
];

/// What says how the message is read, and holds nothing that anybody wrote.
const OF_THE_MESSAGE: &[&str] = &[
    ":status",
    "content-encoding",
    "content-length",
    "content-type",
    "date",
    "transfer-encoding",
    "connection",
    "server",
    "x-envoy-upstream-service-time",
];

/// Replaces what detectors find in the values of a head or of trailers.
pub(crate) fn mask(head: &Head, detectors: &Detectors, changes: &mut Vec<Change>) {
    for (name, value) in head.fields() {
        if OF_THE_MESSAGE.contains(&name) {
            continue;
        }
        if let Some(masked) = detectors.replace(value) {
            // Where a name stands there twice, what is left of it is the value without the find.
            changes.push(Change::Set(name.to_owned(), masked));
        }
    }
}
