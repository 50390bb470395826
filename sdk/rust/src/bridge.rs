//! Between the generated world and [`Collector`]; the only place that knows both.

use std::marker::PhantomData;

use crate::bindings::exports::quintant::collector::collector as exports;
use crate::bindings::quintant::collector::types;
use crate::check::CheckItem;
use crate::collector::Collector;
use crate::context::{Context, Request};
use crate::error::Result;
use crate::http::Client;
use crate::page::Page;

pub(crate) fn describe<C: Collector>() -> types::Descriptor {
    C::describe().with_settings::<C::Settings>()
}

pub(crate) fn check<C: Collector>(client: &Client, context: types::Context) -> Result<Vec<CheckItem>> {
    C::check(client, &Context::read(context)?)
}

pub(crate) fn collect<C: Collector>(client: &Client, request: exports::CollectRequest) -> Result<Page> {
    C::collect(client, &Request::read(request)?)
}

/// The component's exports for a collector.
pub struct Bridge<C>(PhantomData<C>);

#[cfg(target_arch = "wasm32")]
impl<C: Collector> exports::Guest for Bridge<C> {
    fn describe() -> types::Descriptor {
        describe::<C>()
    }

    fn check(context: types::Context) -> Result<Vec<CheckItem>, types::Failure> {
        Ok(check::<C>(&Client::host(), context)?)
    }

    fn collect(request: exports::CollectRequest) -> Result<Page, types::Failure> {
        Ok(collect::<C>(&Client::host(), request)?)
    }
}
