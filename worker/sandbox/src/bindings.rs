//! Rust types and traits generated from `wit/`.

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "platform-side",
    imports: {
        "bifrost:workflow/log.emit": async | trappable,
        default: async,
    },
    exports: { default: async },
});
