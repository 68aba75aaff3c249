//! Merges all reachable code into one module.

use crate::{Frame, evaluate::*, frame::framed, parse::*};
use anyhow::{Context, Result, anyhow, ensure};
use std::collections::HashMap;
use wasm_encoder::reencode::{self, Reencode, RoundtripReencoder};
use wasm_encoder::{
    CodeSection, ConstExpr, ElementSection, Elements, EntityType, ExportKind, ExportSection, FunctionSection,
    GlobalSection, ImportSection, Instruction, NameMap, NameSection, RefType, TableSection, TypeSection,
};
use wasmparser::{CanonicalFunction, CanonicalOption, Operator};

/// The merged module and how to reach into it.
pub struct Merged {
    pub code: Vec<u8>,
    /// Host functions that the code imports, in import order.
    pub hosts: Vec<usize>,
    /// Their core types, in the same order.
    pub host_types: Vec<wasmparser::FuncType>,
    /// Export name and type of each function that the wrapper needs.
    pub exports: Vec<(Func, String, wasmparser::FuncType)>,
    /// Initial values of the exported mutable globals `global-0`, …
    pub globals: Vec<i64>,
}

/// The only global that changes, and so the first of the merged module.
const STACK_POINTER: u32 = 0;

impl Merged {
    /// The name under which the code exports a function.
    pub fn export_name(&self, function: Func) -> Result<&str> {
        let found = self.exports.iter().find(|(f, ..)| *f == function);
        found.map(|(_, name, _)| name.as_str()).context("function is not exported")
    }
}

/// Core functions that canonical definitions name: what is lifted, and the allocators.
fn roots(program: &Program) -> Vec<Func> {
    let mut roots = vec![];
    let mut options = |list: &[CanonicalOption]| {
        for option in list {
            if let CanonicalOption::Realloc(f) | CanonicalOption::PostReturn(f) = option {
                roots.push(program.core_funcs[*f as usize]);
            }
        }
    };
    for lower in &program.lowered {
        if let CanonicalFunction::Lower { options: o, .. } = lower {
            options(o);
        }
    }
    let mut lifted = vec![];
    for (lift, wanted) in &program.lifts {
        if let (CanonicalFunction::Lift { core_func_index, options: o, .. }, true) = (lift, wanted) {
            options(o);
            lifted.push(program.core_funcs[*core_func_index as usize]);
        }
    }
    roots.extend(lifted);
    let mut seen = std::collections::HashSet::new();
    roots.retain(|f| seen.insert(*f));
    roots
}

struct Analysis<'p, 'a> {
    component: &'p Component<'a>,
    program: &'p Program,
    /// Function that does nothing but call another through a constant table slot.
    resolved: HashMap<Func, Func>,
}

impl Analysis<'_, '_> {
    /// Follows trampolines (`local.get…; i32.const slot; call_indirect`) to their target.
    fn resolve(&mut self, function: Func) -> Result<Func> {
        if let Some(known) = self.resolved.get(&function) {
            return Ok(*known);
        }
        let mut target = function;
        for _ in 0..8 {
            match self.trampoline(target)? {
                Some(next) => target = next,
                None => break,
            }
        }
        self.resolved.insert(function, target);
        Ok(target)
    }

    fn trampoline(&self, function: Func) -> Result<Option<Func>> {
        let Func::Defined { module, index } = function else {
            return Ok(None);
        };
        let parsed = &self.component.modules[module];
        let parameters = parsed.types[parsed.functions[index] as usize].params().len();
        let mut operators = parsed.bodies[index].get_operators_reader()?.into_iter();
        for expected in 0..parameters {
            match operators.next().transpose()? {
                Some(Operator::LocalGet { local_index }) if local_index as usize == expected => {}
                _ => return Ok(None),
            }
        }
        let Some(Operator::I32Const { value }) = operators.next().transpose()? else {
            return Ok(None);
        };
        let Some(Operator::CallIndirect { table_index, .. }) = operators.next().transpose()? else {
            return Ok(None);
        };
        if !matches!(operators.next().transpose()?, Some(Operator::End)) || operators.next().is_some() {
            return Ok(None);
        }
        let table = self.program.module_tables[module][table_index as usize];
        Ok(self.program.tables[table].1.get(usize::try_from(value)?).copied().flatten())
    }
}

#[derive(Default)]
struct Types {
    section: TypeSection,
    known: HashMap<wasmparser::FuncType, u32>,
}

impl Types {
    fn index(&mut self, ty: &wasmparser::FuncType) -> Result<u32> {
        if let Some(index) = self.known.get(ty) {
            return Ok(*index);
        }
        let index = self.known.len() as u32;
        let encoded = RoundtripReencoder.func_type(ty.clone()).map_err(|e| anyhow!("{e}"))?;
        self.section.ty().func_type(&encoded);
        self.known.insert(ty.clone(), index);
        Ok(index)
    }
}

/// Merges everything that the wanted exports can reach.
pub fn merge(component: &Component<'_>, program: &Program, frames: &[Frame<'_>]) -> Result<Merged> {
    let mut analysis = Analysis { component, program, resolved: HashMap::new() };
    let roots = roots(program);

    // Reachability, from the roots and from every slot of a table that code can index.
    let mut reached: Vec<Func> = vec![];
    let mut seen: HashMap<Func, ()> = HashMap::new();
    let mut written = vec![false; program.globals.len()];
    let mut table_used = vec![false; program.tables.len()];
    let mut queue: Vec<Func> = vec![];
    for root in &roots {
        queue.push(analysis.resolve(*root)?);
    }
    while let Some(function) = queue.pop() {
        if seen.insert(function, ()).is_some() {
            continue;
        }
        reached.push(function);
        let Func::Defined { module, index } = function else {
            continue;
        };
        for operator in component.modules[module].bodies[index].get_operators_reader()? {
            match operator? {
                Operator::Call { function_index }
                | Operator::ReturnCall { function_index }
                | Operator::RefFunc { function_index } => {
                    queue.push(analysis.resolve(program.funcs[module][function_index as usize])?);
                }
                Operator::GlobalSet { global_index } => {
                    written[program.module_globals[module][global_index as usize]] = true;
                }
                Operator::CallIndirect { table_index, .. }
                | Operator::ReturnCallIndirect { table_index, .. } => {
                    let table = program.module_tables[module][table_index as usize];
                    if !std::mem::replace(&mut table_used[table], true) {
                        for slot in program.tables[table].1.iter().flatten() {
                            queue.push(analysis.resolve(*slot)?);
                        }
                    }
                }
                Operator::TableSet { .. } | Operator::TableGrow { .. } | Operator::TableInit { .. } => {
                    anyhow::bail!("tables that change at run time are not supported");
                }
                _ => {}
            }
        }
    }
    reached.sort_by_key(|f| match f {
        Func::Host(n) => (0, *n, 0),
        Func::Defined { module, index } => (1, *module, *index),
    });

    let mut types = Types::default();
    let mut imports = ImportSection::new();
    imports.import(
        "image",
        "memory",
        wasm_encoder::MemoryType {
            minimum: 1,
            maximum: None,
            memory64: false,
            shared: false,
            page_size_log2: None,
        },
    );
    let mut index_of: HashMap<Func, u32> = HashMap::new();
    let (mut hosts, mut host_types) = (vec![], vec![]);
    for function in &reached {
        if let Func::Host(n) = function {
            let ty = program.host_types.get(n).with_context(|| format!("host function {n} has no type"))?;
            imports.import("host", &format!("{n}"), EntityType::Function(types.index(ty)?));
            index_of.insert(*function, hosts.len() as u32);
            hosts.push(*n);
            host_types.push(ty.clone());
        }
    }
    let mut functions = FunctionSection::new();
    let mut bodies = vec![];
    for function in &reached {
        if let Func::Defined { module, index } = *function {
            let parsed = &component.modules[module];
            functions.function(types.index(&parsed.types[parsed.functions[index] as usize])?);
            index_of.insert(*function, index_of.len() as u32);
            bodies.push((module, index));
        }
    }

    // Tables that code indexes; a lone one is the rule.
    let mut tables = TableSection::new();
    let mut elements = ElementSection::new();
    let mut table_of: HashMap<usize, u32> = HashMap::new();
    for (t, (ty, slots)) in program.tables.iter().enumerate().filter(|(t, _)| table_used[*t]) {
        table_of.insert(t, table_of.len() as u32);
        tables.table(wasm_encoder::TableType {
            element_type: RefType::FUNCREF,
            table64: false,
            minimum: ty.initial,
            maximum: Some(ty.initial),
            shared: false,
        });
        // One segment per run of filled slots, functions only: that is the form in which
        // the engine initializes a table lazily.
        let mut at = 0;
        while at < slots.len() {
            let mut run = vec![];
            while let Some(Some(slot)) = slots.get(at + run.len()) {
                run.push(index_of[&analysis.resolve(*slot)?]);
            }
            if run.is_empty() {
                at += 1;
                continue;
            }
            let offset = ConstExpr::i32_const(at as i32);
            at += run.len();
            elements.active(Some(table_of[&t]), &offset, Elements::Functions(run.into()));
        }
    }

    let mut globals = GlobalSection::new();
    let mut exports = ExportSection::new();
    let mut global_of: HashMap<usize, u32> = HashMap::new();
    let mut values = vec![];
    for (g, state) in program.globals.iter().enumerate().filter(|(g, _)| written[*g]) {
        ensure!(state.ty.content_type == wasmparser::ValType::I32, "a mutable global that is not an i32");
        let index = global_of.len() as u32;
        global_of.insert(g, index);
        let ty = RoundtripReencoder.global_type(state.ty).map_err(|e| anyhow!("{e}"))?;
        globals.global(ty, &ConstExpr::i32_const(state.value as i32));
        exports.export(&format!("global-{index}"), ExportKind::Global, index);
        values.push(state.value);
    }

    let mut exported = vec![];
    for root in roots {
        let target = analysis.resolve(root)?;
        let Func::Defined { module, index } = target else {
            continue;
        };
        let parsed = &component.modules[module];
        let name = format!("function-{}", exported.len());
        exports.export(&name, ExportKind::Func, index_of[&target]);
        exported.push((root, name, parsed.types[parsed.functions[index] as usize].clone()));
    }

    let names = names(component, &bodies);
    for frame in frames {
        let found = names.iter().filter(|name| **name == Some(frame.function)).count();
        ensure!(found == 1, "{found} functions are named `{}`", frame.function);
        ensure!(values.len() == 1, "the stack pointer is not the only global that changes");
    }
    let mut code = CodeSection::new();
    for ((module, index), name) in bodies.iter().zip(&names) {
        let mut encoder = Encoder {
            analysis: &mut analysis,
            module: *module,
            types: &mut types,
            index_of: &index_of,
            table_of: &table_of,
            global_of: &global_of,
        };
        let parsed = &component.modules[*module];
        let body = &parsed.bodies[*index];
        match frames.iter().find(|frame| *name == Some(frame.function)) {
            None => encoder
                .parse_function_body(&mut code, body.clone())
                .map_err(|e| anyhow!("module {module} function {index}: {e}"))?,
            Some(frame) => {
                let ty = &parsed.types[parsed.functions[*index] as usize];
                let ty = RoundtripReencoder.func_type(ty.clone()).map_err(|e| anyhow!("{e}"))?;
                let function = framed(&mut encoder, body, ty.results(), STACK_POINTER, frame.bytes)
                    .with_context(|| format!("a frame for `{}`", frame.function))?;
                code.function(&function);
            }
        }
    }

    let mut name_map = NameMap::new();
    for (position, name) in names.iter().enumerate() {
        if let Some(name) = name {
            name_map.append((hosts.len() + position) as u32, name);
        }
    }
    let mut name_section = NameSection::new();
    name_section.functions(&name_map);

    let mut module = wasm_encoder::Module::new();
    module
        .section(&types.section)
        .section(&imports)
        .section(&functions)
        .section(&tables)
        .section(&globals)
        .section(&exports)
        .section(&elements)
        .section(&code)
        .section(&name_section);
    let bytes = module.finish();
    wasmparser::Validator::new().validate_all(&bytes).context("the merged module is not valid")?;
    Ok(Merged { code: bytes, hosts, host_types, exports: exported, globals: values })
}

/// The names of functions, where the component has them.
fn names<'a>(component: &Component<'a>, functions: &[(usize, usize)]) -> Vec<Option<&'a str>> {
    let by_module: Vec<HashMap<u32, &str>> =
        component.modules.iter().map(|m| m.names.iter().copied().collect()).collect();
    functions
        .iter()
        .map(|(module, index)| {
            let imported = component.modules[*module].imported(wasmparser::ExternalKind::Func);
            by_module[*module].get(&((index + imported) as u32)).copied()
        })
        .collect()
}

/// Rewrites one module's indices, and folds globals that never change.
struct Encoder<'e, 'p, 'a> {
    analysis: &'e mut Analysis<'p, 'a>,
    module: usize,
    types: &'e mut Types,
    index_of: &'e HashMap<Func, u32>,
    table_of: &'e HashMap<usize, u32>,
    global_of: &'e HashMap<usize, u32>,
}

impl Reencode for Encoder<'_, '_, '_> {
    type Error = anyhow::Error;

    fn type_index(&mut self, ty: u32) -> Result<u32, reencode::Error<Self::Error>> {
        let ty = &self.analysis.component.modules[self.module].types[ty as usize];
        self.types.index(ty).map_err(reencode::Error::UserError)
    }

    fn function_index(&mut self, function: u32) -> Result<u32, reencode::Error<Self::Error>> {
        let function = self.analysis.program.funcs[self.module][function as usize];
        let target = self.analysis.resolve(function).map_err(reencode::Error::UserError)?;
        Ok(self.index_of[&target])
    }

    fn table_index(&mut self, table: u32) -> Result<u32, reencode::Error<Self::Error>> {
        Ok(self.table_of[&self.analysis.program.module_tables[self.module][table as usize]])
    }

    fn global_index(&mut self, global: u32) -> Result<u32, reencode::Error<Self::Error>> {
        Ok(self.global_of[&self.analysis.program.module_globals[self.module][global as usize]])
    }

    fn instruction<'b>(
        &mut self,
        operator: Operator<'b>,
    ) -> Result<Instruction<'b>, reencode::Error<Self::Error>> {
        if let Operator::GlobalGet { global_index } = operator {
            let global = self.analysis.program.module_globals[self.module][global_index as usize];
            if !self.global_of.contains_key(&global) {
                let state = &self.analysis.program.globals[global];
                return Ok(match state.ty.content_type {
                    wasmparser::ValType::I64 => Instruction::I64Const(state.value),
                    _ => Instruction::I32Const(state.value as i32),
                });
            }
        }
        reencode::utils::instruction(self, operator)
    }
}
