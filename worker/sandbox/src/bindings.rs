//! Rust types and traits generated from `wit/`.

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "platform-side",
    imports: { default: async },
    exports: { default: async },
});
