//! Links the base component for speed and for safety.
//!
//! A Python component is fourteen core modules that share a memory and a table, wired
//! together at every instantiation. This crate resolves that wiring once, when the
//! project is built:
//!
//! * **code**: one core module with all reachable functions. Constant globals are
//!   folded, calls between libraries are direct, and the function table is its own, so
//!   that the engine can initialize it lazily. It is compiled once and shared by all
//!   tenants; nothing a tenant writes can become part of it.
//! * **image**: the memory, as bytes. A deployed workspace is another image for the
//!   same code.
//! * **wrapper**: a component that imports `code` and `image` and does nothing but lift
//!   and lower at the boundary. A second wrapper, **probe**, can also read the memory
//!   and the mutable globals back; the builder takes snapshots with it.

mod evaluate;
mod frame;
mod image;
mod merge;
mod parse;
mod wrap;

pub use image::image_module;

/// Size of a page of linear memory, in bytes.
pub const PAGE: usize = 1 << 16;

/// The parts that a linked base consists of.
pub struct Linked {
    /// The shared code, a core module.
    pub code: Vec<u8>,
    /// The component that runs import.
    pub wrapper: Vec<u8>,
    /// The component that snapshots are taken with.
    pub probe: Vec<u8>,
    /// The base's memory, a whole number of pages.
    pub memory: Vec<u8>,
    /// Mutable globals and their values, in the order in which the probe exports them
    /// as `global-0`, `global-1`, …
    pub globals: Vec<i64>,
}

/// Room on the shadow stack for a function that takes none, so that recursion through it
/// is seen by whoever measures that stack.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// Its name in the component's name section; exactly one function must have it.
    pub function: &'a str,
    /// Size of the frame; a multiple of 16, as the ABI aligns the stack.
    pub bytes: i32,
}

/// Links a component made by componentize-py, and gives these functions frames.
///
/// # Errors
/// When the component has a shape that this linker does not know; the message names it.
pub fn link(component: &[u8], exports: &[&str], frames: &[Frame<'_>]) -> anyhow::Result<Linked> {
    let parsed = parse::Component::parse(component)?;
    let program = evaluate::Program::evaluate(&parsed, exports)?;
    let merged = merge::merge(&parsed, &program, frames)?;
    let wrapper = wrap::wrap(component, &program, &merged, exports, false)?;
    let probe = wrap::wrap(component, &program, &merged, exports, true)?;
    Ok(Linked { code: merged.code, wrapper, probe, memory: program.memory, globals: merged.globals })
}
