//! The compiled bundle: what all sessions of a worker share.

use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::BuildHasher as _;
use std::rc::Rc;

use foldhash::quality::RandomState;
use gatewright_core::bundle::{self, Bundle};
use gatewright_core::catalogue::{Catalogue, CatalogueIndex};
use gatewright_core::detect::Detectors;
use gatewright_core::identity::Verifier;
use gatewright_core::policy::Engine;
use gatewright_sql::{StatementFacts, Unparsed};

/// Why a bundle cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PlaneError(String);

/// What all texts of a shape do, found out once.
#[derive(Debug)]
pub(crate) struct Analysis {
    /// The text that was analysed: the shape, so its values are not those of the statement that runs.
    pub(crate) shape: Box<str>,
    /// One for each statement, or why its meaning is not known.
    pub(crate) facts: Result<Vec<StatementFacts>, Unparsed>,
}

/// Most shapes whose analysis is kept, in each of two generations.
const CACHED_SHAPES: usize = 1_000;
/// Longest shape whose analysis is kept.
const CACHED_LENGTH: usize = 16 * 1024;

/// A compiled bundle.
#[derive(Debug)]
pub struct Plane {
    pub(crate) digest: Rc<str>,
    pub(crate) resource: bundle::Resource,
    pub(crate) approvals: bundle::Approvals,
    pub(crate) recording: bundle::Recording,
    pub(crate) enforcement: bundle::Enforcement,
    pub(crate) limits: bundle::Limits,
    pub(crate) mask_key: Vec<u8>,
    /// What is looked for in columns that are not masked; none where nothing is.
    pub(crate) detectors: Option<Rc<Detectors>>,
    pub(crate) verifier: Verifier,
    pub(crate) engine: Engine,
    pub(crate) catalogue: CatalogueIndex,
    analyses: RefCell<Generations>,
}

/// A cache that forgets what was not used for a whole generation. By hashes of shapes, and each looked at before it is
/// used: whose hash another one has takes its place.
#[derive(Debug, Default)]
struct Generations {
    young: HashMap<u64, Rc<Analysis>, RandomState>,
    old: HashMap<u64, Rc<Analysis>, RandomState>,
}

/// Whether two texts are equal. In wasm, comparing memory goes byte by byte.
fn same(a: &str, b: &str) -> bool {
    let ((a, a_rest), (b, b_rest)) = (a.as_bytes().as_chunks::<8>(), b.as_bytes().as_chunks::<8>());
    let word = |bytes: &[u8; 8]| u64::from_ne_bytes(*bytes);
    a.len() == b.len()
        && a_rest == b_rest
        && a.iter().zip(b).fold(0, |differ, (a, b)| differ | (word(a) ^ word(b))) == 0
}

impl Plane {
    /// Compiles a bundle.
    ///
    /// # Errors
    /// Says which part cannot be used.
    pub fn new(bundle: &Bundle) -> Result<Self, PlaneError> {
        bundle.fits().map_err(PlaneError)?;
        if bundle.resource.roles.is_empty() {
            return Err(PlaneError("the resource has no roles".to_owned()));
        }
        let detectors = match &bundle.detectors {
            none if none.is_empty() => None,
            some => Some(Rc::new(Detectors::new(some).map_err(|e| PlaneError(format!("detectors: {e}")))?)),
        };
        Ok(Self {
            digest: bundle.digest.as_str().into(),
            resource: bundle.resource.clone(),
            approvals: bundle.approvals.clone(),
            recording: bundle.recording.clone(),
            enforcement: bundle.enforcement,
            limits: bundle.limits.clone(),
            mask_key: bundle.mask_key.clone().into_bytes(),
            detectors,
            verifier: Verifier::new(&bundle.providers).map_err(PlaneError)?,
            engine: Engine::from_json(&bundle.policies).map_err(|e| PlaneError(e.to_string()))?,
            catalogue: CatalogueIndex::new(Catalogue::clone(&bundle.catalogue)),
            analyses: RefCell::default(),
        })
    }

    /// Hex digest of the bundle that this was compiled from.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// When a statement may go ahead.
    #[must_use]
    pub fn recording_mode(&self) -> bundle::RecordingMode {
        self.recording.mode
    }

    /// Reads a bundle's JSON and compiles it.
    ///
    /// # Errors
    /// Says what cannot be read or used.
    pub fn from_json(json: &[u8]) -> Result<Self, PlaneError> {
        Self::new(&Bundle::read(json).map_err(PlaneError)?)
    }

    /// Whether the meaning of a text is known; found out once for each shape.
    #[must_use]
    pub fn understands(&self, text: &str) -> bool {
        self.analyse(text).facts.is_ok()
    }

    /// What a text does, by its shape.
    pub(crate) fn analyse(&self, text: &str) -> Rc<Analysis> {
        if text.len() > CACHED_LENGTH {
            return Rc::new(self.analysis(text));
        }
        let shape = gatewright_sql::shape(text);
        let mut cache = self.analyses.borrow_mut();
        let key = cache.young.hasher().hash_one(&*shape);
        if let Some(known) = cache.young.get(&key).filter(|known| same(&known.shape, &shape)) {
            return Rc::clone(known);
        }
        let known = cache.old.remove(&key).filter(|known| same(&known.shape, &shape));
        let analysis = known.unwrap_or_else(|| Rc::new(self.analysis(&shape)));
        if analysis.facts.is_err() && *shape != *text {
            // The words about what is not understood may quote it, and shall quote what was sent.
            return Rc::new(self.analysis(text));
        }
        if cache.young.len() >= CACHED_SHAPES {
            // The hashes' secret stays the same.
            let empty = HashMap::with_hasher(cache.young.hasher().clone());
            cache.old = std::mem::replace(&mut cache.young, empty);
        }
        cache.young.insert(key, Rc::clone(&analysis));
        analysis
    }

    fn analysis(&self, text: &str) -> Analysis {
        Analysis { shape: text.into(), facts: gatewright_sql::analyse(text, &self.catalogue) }
    }
}

#[cfg(test)]
mod tests {
    use super::same;

    #[test]
    fn equal_is_equal_whatever_the_length() {
        let text = "SELECT a FROM t WHERE b = 0";
        for (end, _) in text.char_indices() {
            let (head, rest) = text.split_at(end);
            let longer = format!("{head}x");
            let again = head.to_owned();
            assert!(same(head, &again));
            assert!(!same(head, &longer) && !same(&longer, head));
            // One other character makes another text of the same length.
            let other = rest.replacen(char::is_alphanumeric, "Z", 1);
            assert!(!same(text, &format!("{head}{other}")), "{end}");
        }
    }
}
