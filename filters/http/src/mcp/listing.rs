//! Lists that servers give, cut down to what an agent may see; and what of each tool an agent relies on, as a digest,
//! so that a tool that has changed since somebody looked at it is noticed.

use gatewright_core::digest::{Digest, sha256};

use crate::json::{Document, Item, Kind, Malformed, Value};

/// What is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Listing {
    /// `tools/list`, by name.
    Tools,
    /// `resources/list`, by URI.
    Resources,
    /// `resources/templates/list`, by URI template.
    ResourceTemplates,
    /// `prompts/list`, by name.
    Prompts,
}

impl Listing {
    const ALL: [Self; 4] = [Self::Tools, Self::Resources, Self::ResourceTemplates, Self::Prompts];

    /// The result's member, and the entries' member that identifies them.
    fn members(self) -> (&'static str, &'static str) {
        match self {
            Self::Tools => ("tools", "name"),
            Self::Resources => ("resources", "uri"),
            Self::ResourceTemplates => ("resourceTemplates", "uriTemplate"),
            Self::Prompts => ("prompts", "name"),
        }
    }
}

/// One entry of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it is an entry of.
    pub listing: Listing,
    /// Name, URI or URI template.
    pub name: String,
    /// Of a tool: SHA-256 over the one text of what it says of itself to an agent (`name`, `title`, `description`,
    /// `inputSchema`, `outputSchema`, `annotations`). Not in it: icons and `_meta`, which no model acts on.
    pub digest: Option<Digest>,
    /// Of a tool: the text that the digest is of; empty for others.
    pub said: String,
}

/// What became of a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filtered {
    /// The reply without what is hidden, else byte for byte; `None` where nothing is.
    pub text: Option<String>,
    /// What is left.
    pub shown: Vec<Entry>,
    /// What is not. An entry without a name is always hidden and has the empty one.
    pub hidden: Vec<Entry>,
}

/// Cuts down the lists in a complete reply, or in the data of one SSE event; a batch of responses (2025-03-26) is looked
/// through. A list is told by its shape, not by the request that it answers: clients match ids loosely (`"1"` for 1), so
/// a server could answer in a way that the gate takes for no answer and the client for one. Nothing else has these
/// members.
///
/// # Errors
/// The reply can be read in two ways: it must not reach the agent.
pub fn filter(reply: &[u8], mut allowed: impl FnMut(&Entry) -> bool) -> Result<Filtered, Malformed> {
    let document = Document::read(reply)?;
    let root = document.root();
    let mut filtered = Filtered { text: None, shown: Vec::new(), hidden: Vec::new() };
    // Where the text is replaced, by what.
    let mut cuts = Vec::new();
    let messages: Vec<_> = if root.kind() == Kind::Array { root.elements().collect() } else { vec![root] };
    for message in messages {
        let Some(result) = message.member("result")? else { continue };
        for listing in Listing::ALL {
            let (member, key) = listing.members();
            let Some(list) = result.member(member)?.filter(|list| list.kind() == Kind::Array) else {
                continue;
            };
            let hidden = filtered.hidden.len();
            let mut kept = Vec::new();
            for item in list.elements() {
                let entry = entry(item, key, listing)?;
                if !entry.name.is_empty() && allowed(&entry) {
                    kept.push(item.raw());
                    filtered.shown.push(entry);
                } else {
                    filtered.hidden.push(entry);
                }
            }
            if filtered.hidden.len() > hidden {
                cuts.push((list.span(), format!("[{}]", kept.join(","))));
            }
        }
    }
    if !cuts.is_empty() {
        cuts.sort_by_key(|(span, _)| span.start);
        filtered.text = Some(cut(document.text(), &cuts));
    }
    Ok(filtered)
}

fn entry(item: Item<'_>, key: &str, listing: Listing) -> Result<Entry, Malformed> {
    let name = item.member(key)?.and_then(Item::as_str).unwrap_or_default().into_owned();
    let said = if listing == Listing::Tools { said(item)? } else { String::new() };
    let digest = (listing == Listing::Tools).then(|| sha256(said.as_bytes()));
    Ok(Entry { listing, name, digest, said })
}

fn said(tool: Item<'_>) -> Result<String, Malformed> {
    let mut said = Vec::new();
    for name in ["annotations", "description", "inputSchema", "name", "outputSchema", "title"] {
        if let Some(member) = tool.member(name)? {
            said.push((name.to_owned(), member.to_value()));
        }
    }
    let mut text = String::new();
    Value::Record(said).canonical(&mut text);
    Ok(text)
}

fn cut(text: &str, cuts: &[(std::ops::Range<usize>, String)]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for (span, replacement) in cuts {
        out.push_str(text.get(at..span.start).unwrap_or_default());
        out.push_str(replacement);
        at = span.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}
