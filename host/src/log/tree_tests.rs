//! The tree as it grows, against the definition, published hashes, and `tlog_tiles`.

use gatewright_core::digest::{Digest, sha256};
use tlog_tiles::{Hash, node_hash, record_hash};

use super::{Head, Node, Span, TILE, Tree, subtree};

/// RFC 6962, section 2.1, word for word.
fn definition(leaves: &[Digest]) -> Digest {
    match leaves {
        [] => sha256(b""),
        [leaf] => *leaf,
        _ => {
            let k = (1..leaves.len()).rev().find(|k| k.is_power_of_two()).unwrap();
            node_hash(Hash(definition(&leaves[..k])), Hash(definition(&leaves[k..]))).0
        }
    }
}

fn leaves(count: usize) -> Vec<Digest> {
    (0..count).map(|i| record_hash(i.to_string().as_bytes()).0).collect()
}

/// Roots of the eight trees that Certificate Transparency's implementations are tested with.
#[test]
fn the_published_roots_come_out() {
    let inputs =
        ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
    let roots = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    let mut tree = Tree::default();
    assert_eq!(
        hex::encode(tree.head().hash),
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
    for (input, root) in inputs.iter().zip(roots) {
        tree.push(record_hash(&hex::decode(input).unwrap()).0, |_| {});
        assert_eq!(hex::encode(tree.head().hash), root);
    }
}

#[test]
fn every_size_is_what_the_definition_says() {
    let leaves = leaves(600);
    let mut tree = Tree::default();
    assert_eq!(tree.head(), Head::EMPTY);
    for (i, leaf) in leaves.iter().enumerate() {
        tree.push(*leaf, |_| {});
        assert_eq!(tree.head(), Head { size: i as u64 + 1, hash: definition(&leaves[..=i]) });
    }
}

#[test]
fn a_tree_comes_back_from_what_is_stored() {
    let leaves = leaves(66_000);
    let (mut tree, mut nodes) = (Tree::default(), Vec::<Node>::new());
    let sizes = [0, 1, 2, 255, 256, 257, 511, 512, 4_096, 65_535, 65_536, 65_537, 66_000];
    let mut at = sizes.iter().peekable();
    for size in 0..=leaves.len() as u64 {
        if at.peek() == Some(&&size) {
            at.next();
            let stored = |span: Span| -> Vec<Digest> {
                let places = span.from..span.from + span.count;
                match span.level {
                    0 => places.map(|n| leaves[usize::try_from(n).unwrap()]).collect(),
                    level => {
                        let at =
                            |n| nodes.iter().find(|node| (node.level, node.n) == (level, n)).unwrap().hash;
                        places.map(at).collect()
                    }
                }
            };
            let spans: Vec<_> = Tree::spans(size).into_iter().map(stored).collect();
            assert_eq!(Tree::restore(size, &spans), tree, "{size}");
        }
        if let Some(leaf) = leaves.get(usize::try_from(size).unwrap()) {
            tree.push(*leaf, |node| nodes.push(node));
        }
    }
    // One node for 256 leaves, and one for 256 of those.
    assert_eq!((nodes.iter().filter(|node| node.level == 1).count(), nodes.len()), (257, 258));
    let first = &leaves[..1 << TILE];
    assert_eq!((nodes[0].n, nodes[0].hash, subtree(first).0), (0, definition(first), definition(first)));
}
