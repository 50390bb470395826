//! The host's side of `wit/collector.wit`, generated.

#![allow(unreachable_pub, missing_docs, clippy::all)]

wasmtime::component::bindgen!({
    path: "../wit",
    world: "plugin",
    imports: { default: async | trappable },
    exports: { default: async },
});
