//! A memory image as a core module: one memory, its bytes, addresses in it, and nothing else.

use crate::PAGE;
use wasm_encoder::{
    ConstExpr, DataSection, ExportKind, ExportSection, GlobalSection, GlobalType, MemorySection, MemoryType,
    Module, ValType,
};

/// How many addresses an image names; the wrapper writes to each when a run starts.
pub const TOUCHED: usize = 48;

pub(crate) const ADDRESS: GlobalType = GlobalType { val_type: ValType::I32, mutable: false, shared: false };

/// The name under which an image exports its `index`th address.
pub(crate) fn address_name(index: usize) -> String {
    format!("touch-{index}")
}

/// The module `image` for these bytes (a whole number of pages). It has no code by
/// construction, so that compiling it can never make native code of a tenant's choosing.
/// A run that starts writes what is there to each of the first [`TOUCHED`] of `touched`,
/// addresses within the memory; to the last one again where there are fewer.
pub fn image_module(memory: &[u8], touched: &[u32]) -> Vec<u8> {
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
    let mut globals = GlobalSection::new();
    let mut exports = ExportSection::new();
    exports.export("memory", ExportKind::Memory, 0);
    for index in 0..TOUCHED {
        let address = touched.get(index).or(touched.last()).copied().unwrap_or(0);
        globals.global(ADDRESS, &ConstExpr::i32_const(address.cast_signed()));
        exports.export(&address_name(index), ExportKind::Global, index as u32);
    }
    module.section(&globals);
    module.section(&exports);
    // One segment: many small ones cost at every load, and zeros compress away on disk.
    let start = memory.iter().position(|b| *b != 0).unwrap_or(0);
    let end = memory.iter().rposition(|b| *b != 0).map_or(start, |i| i + 1);
    let mut data = DataSection::new();
    data.active(0, &ConstExpr::i32_const(start as i32), memory[start..end].iter().copied());
    module.section(&data);
    module.finish()
}
