//! In the place of the built filter where only the library is played to.

use super::Site;
use super::player::Outcome;

/// Does nothing.
pub struct Wasm;

impl Wasm {
    pub fn new(_: &Site) -> Self {
        Self
    }

    pub fn client(&mut self, _: &[u8]) {}

    pub fn server(&mut self, _: &[u8]) {}

    pub fn host(&mut self, _: u16, _: &str) {}

    pub fn durable(&mut self, _: usize) {}

    pub fn pass(&mut self, _: u64) {}

    pub fn check(self, _: &Outcome) {}
}
