//! Gives functions room on the shadow stack that their source does not use.
//!
//! A C program in WebAssembly has two stacks. CPython measures the one it can see, the
//! shadow stack in linear memory; a function whose locals all fit into WebAssembly's own
//! takes nothing of it. Recursion through such functions alone (`_Py_Dealloc` and what it
//! calls) is invisible to CPython's guards, and ends at the engine's stack instead. With
//! a frame of its own, each turn counts.

use anyhow::{Context, Result, anyhow, ensure};
use wasm_encoder::reencode::Reencode;
use wasm_encoder::{BlockType, Function, Instruction, ValType};
use wasmparser::{FunctionBody, Operator};

/// Encodes a function that moves global `pointer` down by `bytes` while it runs.
///
/// # Errors
/// When the function has tail calls, catches exceptions or returns several values.
pub fn framed<R: Reencode>(
    encoder: &mut R,
    body: &FunctionBody<'_>,
    results: &[ValType],
    pointer: u32,
    bytes: i32,
) -> Result<Function> {
    let mut locals = vec![];
    for group in body.get_locals_reader()? {
        let (count, ty) = group?;
        locals.push((count, encoder.val_type(ty).map_err(|_| anyhow!("the type of a local"))?));
    }
    let block = match results {
        [] => BlockType::Empty,
        [one] => BlockType::Result(*one),
        _ => anyhow::bail!("more than one result"),
    };
    let mut function = Function::new(locals);
    function
        .instruction(&Instruction::GlobalGet(pointer))
        .instruction(&Instruction::I32Const(bytes))
        .instruction(&Instruction::I32Sub)
        .instruction(&Instruction::GlobalSet(pointer))
        .instruction(&Instruction::Block(block));
    // A branch to the function's own label now ends the block; so has a return to.
    let mut depth = 0_u32;
    let mut operators = body.get_operators_reader()?;
    while !operators.eof() {
        let operator = operators.read()?;
        match operator {
            Operator::Return => {
                function.instruction(&Instruction::Br(depth));
                continue;
            }
            Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => depth += 1,
            Operator::End if operators.eof() => {
                ensure!(depth == 0, "blocks do not match");
                break;
            }
            Operator::End => depth = depth.checked_sub(1).context("blocks do not match")?,
            Operator::ReturnCall { .. }
            | Operator::ReturnCallIndirect { .. }
            | Operator::ReturnCallRef { .. }
            | Operator::TryTable { .. }
            | Operator::Try { .. } => anyhow::bail!("{operator:?} in a function with a frame"),
            _ => {}
        }
        let instruction = encoder.instruction(operator).map_err(|_| anyhow!("an instruction"))?;
        function.instruction(&instruction);
    }
    function
        .instruction(&Instruction::End)
        .instruction(&Instruction::GlobalGet(pointer))
        .instruction(&Instruction::I32Const(bytes))
        .instruction(&Instruction::I32Add)
        .instruction(&Instruction::GlobalSet(pointer))
        .instruction(&Instruction::End);
    Ok(function)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_encoder::reencode::RoundtripReencoder;
    use wasm_encoder::*;
    use wasmparser::{Parser, Payload};

    const TOP: i32 = 65_536;

    /// `down(n)`: the stack pointer at depth n, by a `return` out of two blocks.
    fn down() -> wasm_encoder::Function {
        let mut body = wasm_encoder::Function::new([]);
        let mut sink = body.instructions();
        sink.block(BlockType::Empty).block(BlockType::Empty).local_get(0).br_if(0);
        sink.global_get(0).return_().end().end();
        sink.local_get(0).i32_const(1).i32_sub().call(0).end();
        body
    }

    fn module(function: &wasm_encoder::Function) -> Vec<u8> {
        let mut module = Module::new();
        let mut types = TypeSection::new();
        types.ty().function([ValType::I32], [ValType::I32]);
        let mut functions = FunctionSection::new();
        functions.function(0);
        let mut globals = GlobalSection::new();
        let ty = GlobalType { val_type: ValType::I32, mutable: true, shared: false };
        globals.global(ty, &ConstExpr::i32_const(TOP));
        let mut exports = ExportSection::new();
        exports.export("down", ExportKind::Func, 0).export("pointer", ExportKind::Global, 0);
        let mut code = CodeSection::new();
        code.function(function);
        module.section(&types).section(&functions).section(&globals).section(&exports).section(&code);
        module.finish()
    }

    fn with_frame(plain: &[u8], bytes: i32) -> Vec<u8> {
        let body = Parser::new(0).parse_all(plain).find_map(|payload| match payload.expect("payload") {
            Payload::CodeSectionEntry(body) => Some(body),
            _ => None,
        });
        let mut encoder = RoundtripReencoder;
        let body = body.expect("a body");
        module(&framed(&mut encoder, &body, &[ValType::I32], 0, bytes).expect("a frame"))
    }

    fn depths(wasm: &[u8], n: i32) -> (i32, i32) {
        let engine = wasmtime::Engine::default();
        let module = wasmtime::Module::new(&engine, wasm).expect("valid");
        let mut store = wasmtime::Store::new(&engine, ());
        let instance = wasmtime::Instance::new(&mut store, &module, &[]).expect("instance");
        let down = instance.get_typed_func::<i32, i32>(&mut store, "down").expect("down");
        let deepest = down.call(&mut store, n).expect("returns");
        let pointer = instance.get_global(&mut store, "pointer").expect("pointer").get(&mut store);
        (deepest, pointer.unwrap_i32())
    }

    #[test]
    fn every_turn_takes_a_frame_and_gives_it_back() {
        let plain = module(&down());
        assert_eq!(depths(&plain, 9), (TOP, TOP), "without frames nothing is taken");
        assert_eq!(depths(&with_frame(&plain, 48), 9), (TOP - 10 * 48, TOP));
    }
}
