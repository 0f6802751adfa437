//! The shop's REST API (`examples/shop/api`), which the HTTP plane stands in front of.

use std::ops::Deref;

use anyhow::Result;

use crate::postgres::Postgres;
use crate::service::ShopService;

/// A running REST API: HTTP/1.1 and, without TLS, HTTP/2. Its credential is taken as `X-Api-Key`, Basic (of any
/// user) or Bearer.
#[derive(Debug)]
pub struct ShopApi(ShopService);

impl ShopApi {
    /// Starts it over the shop's database.
    pub fn start(postgres: &Postgres) -> Result<Self> {
        ShopService::start("api/server.py", postgres, &[]).map(Self)
    }
}

impl Deref for ShopApi {
    type Target = ShopService;

    fn deref(&self) -> &ShopService {
        &self.0
    }
}
