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

#[cfg(test)]
mod tests {
    use super::*;
    use wasmparser::{DataKind, Operator, Parser, Payload};

    /// What the module makes of its memory; panics where it holds anything else.
    fn unpacked(module: &[u8]) -> Vec<u8> {
        wasmparser::validate(module).expect("a module");
        let mut memory = vec![];
        for payload in Parser::new(0).parse_all(module) {
            match payload.expect("a section") {
                Payload::MemorySection(section) => {
                    let one = section.into_iter().next().expect("one").expect("a memory");
                    memory = vec![0; one.initial as usize * PAGE];
                }
                Payload::DataSection(section) => {
                    for data in section {
                        let data = data.expect("data");
                        let DataKind::Active { offset_expr, .. } = data.kind else { panic!("not active") };
                        let first = offset_expr.get_operators_reader().read().expect("an offset");
                        let Operator::I32Const { value } = first else { panic!("{first:?}") };
                        let start = value as u32 as usize;
                        memory[start..start + data.data.len()].copy_from_slice(data.data);
                    }
                }
                Payload::Version { .. } | Payload::ExportSection(_) | Payload::End(_) => {}
                other => panic!("{other:?}"),
            }
        }
        memory
    }

    #[test]
    fn any_memory_is_a_module_without_code() {
        let cases = bolero::check!().with_max_len(1_024).with_iterations(2_000);
        cases.with_type::<(u8, u16, Vec<u8>)>().for_each(|(pages, start, bytes)| {
            let mut memory = vec![0; (usize::from(*pages % 3) + 1) * PAGE];
            let length = bytes.len().min(memory.len() - usize::from(*start).min(memory.len()));
            memory[usize::from(*start)..][..length].copy_from_slice(&bytes[..length]);
            assert_eq!(unpacked(&image_module(&memory)), memory);
        });
    }
}
