//! A memory image as a core module: one memory, its bytes, and nothing else.

use crate::PAGE;
use wasm_encoder::{ConstExpr, DataSection, ExportKind, ExportSection, MemorySection, MemoryType, Module};

/// The module `image` for these bytes (a whole number of pages). It has no code by
/// construction, so that compiling it can never make native code of a tenant's choosing.
pub fn image_module(memory: &[u8]) -> Vec<u8> {
    let mut module = Module::new();
    let mut memories = MemorySection::new();
    memories.memory(MemoryType {
        minimum: memory.len().div_ceil(PAGE) as u64,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    module.section(&memories);
    let mut exports = ExportSection::new();
    exports.export("memory", ExportKind::Memory, 0);
    module.section(&exports);
    // One segment: many small ones cost at every load, and zeros compress away on disk.
    let start = memory.iter().position(|b| *b != 0).unwrap_or(0);
    let end = memory.iter().rposition(|b| *b != 0).map_or(start, |i| i + 1);
    let mut data = DataSection::new();
    data.active(0, &ConstExpr::i32_const(start as i32), memory[start..end].iter().copied());
    module.section(&data);
    module.finish()
}
