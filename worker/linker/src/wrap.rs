//! The component around code and image: the original's types, imports and exports,
//! with its fourteen modules replaced by two imported ones.
//!
//! Lowered imports need an allocator that only the code has, and the code needs the
//! lowered imports. The knot is cut by a small module with one table slot per
//! allocator, filled after the code is there.

use crate::{evaluate::*, merge::Merged};
use anyhow::{Context, Result, anyhow, bail};
use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{
    Alias, CanonicalFunctionSection, CanonicalOption, CodeSection, Component, ComponentAliasSection,
    ComponentExportKind, ComponentExportSection, ComponentImportSection, ComponentTypeRef,
    ComponentTypeSection, ConstExpr, CoreTypeSection, ElementSection, Elements, EntityType, ExportKind,
    ExportSection, Function, FunctionSection, GlobalType, ImportSection, InstanceSection, MemoryType, Module,
    ModuleArg, ModuleSection, ModuleType, PrimitiveValType, RawSection, RefType, TableSection, TableType,
    TypeSection, ValType,
};
use wasmparser::{CanonicalFunction, CanonicalOption as Parsed, ComponentAlias, Parser, Payload};

const MEMORY: MemoryType =
    MemoryType { minimum: 1, maximum: None, memory64: false, shared: false, page_size_log2: None };
const TABLE: TableType =
    TableType { element_type: RefType::FUNCREF, table64: false, minimum: 0, maximum: None, shared: false };

// Core index spaces of the wrapper, in the order in which `prelude` fills them.
const CODE_MODULE: u32 = 0;
const IMAGE_MODULE: u32 = 1;
const SHIM_MODULE: u32 = 2;
const FIX_MODULE: u32 = 3;
const PROBE_MODULE: u32 = 4;
const IMAGE: u32 = 0;
const SHIM: u32 = 1;

/// Allocators that lowered functions name, each once.
fn allocators(program: &Program, merged: &Merged) -> Vec<Func> {
    let mut found = vec![];
    for host in &merged.hosts {
        if let CanonicalFunction::Lower { options, .. } = &program.lowered[*host] {
            for option in options {
                if let Parsed::Realloc(f) = option {
                    let function = program.core_funcs[*f as usize];
                    if !found.contains(&function) {
                        found.push(function);
                    }
                }
            }
        }
    }
    found
}

/// Builds the wrapper; with `probe`, one that can also read memory and globals back.
pub fn wrap(
    component: &[u8],
    program: &Program,
    merged: &Merged,
    exports: &[&str],
    probe: bool,
) -> Result<Vec<u8>> {
    let allocators = allocators(program, merged);
    let mut out = Component::new();
    prelude(&mut out, merged, allocators.len(), probe)?;

    // Index spaces of the wrapper that differ from the original's.
    let mut core_funcs = allocators.len() as u32; // the shim's, aliased by the prelude
    let mut host_core: Vec<Option<u32>> = vec![None; program.lowered.len()];
    let mut functions: Vec<Option<u32>> = vec![]; // component functions, old to new
    let mut function_count = 0;
    let mut type_count = 0;
    let mut next_lower = 0;
    let mut lifts: Vec<(CanonicalFunction, usize)> = vec![]; // with their old function index
    let mut wanted_exports: Vec<(String, u32)> = vec![];
    let mut depth = 0;

    for payload in Parser::new(0).parse_all(component) {
        let payload = payload?;
        match &payload {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => {
                depth += 1;
                continue;
            }
            Payload::End(_) if depth > 0 => {
                depth -= 1;
                continue;
            }
            _ if depth > 0 => continue,
            _ => {}
        }
        match payload {
            Payload::ComponentTypeSection(section) => {
                type_count += section.count();
                raw(&mut out, 7, component, section.range());
            }
            Payload::ComponentImportSection(section) => {
                for import in section.clone() {
                    match import?.ty {
                        wasmparser::ComponentTypeRef::Func(_) => {
                            functions.push(Some(function_count));
                            function_count += 1;
                        }
                        wasmparser::ComponentTypeRef::Type(_) => type_count += 1,
                        _ => {}
                    }
                }
                raw(&mut out, 10, component, section.range());
            }
            Payload::ComponentAliasSection(section) => {
                let mut aliases = ComponentAliasSection::new();
                for alias in section {
                    if let ComponentAlias::InstanceExport { kind, instance_index, name } = alias? {
                        let kind = match kind {
                            wasmparser::ComponentExternalKind::Func => {
                                functions.push(Some(function_count));
                                function_count += 1;
                                ComponentExportKind::Func
                            }
                            wasmparser::ComponentExternalKind::Type => {
                                type_count += 1;
                                ComponentExportKind::Type
                            }
                            other => bail!("alias of {other:?}"),
                        };
                        aliases.alias(Alias::InstanceExport { instance: instance_index, kind, name });
                    }
                }
                if !aliases.is_empty() {
                    out.section(&aliases);
                }
            }
            Payload::ComponentCanonicalSection(section) => {
                let mut canon = CanonicalFunctionSection::new();
                for function in section {
                    match function? {
                        lift @ CanonicalFunction::Lift { .. } => {
                            lifts.push((lift, functions.len()));
                            functions.push(None);
                        }
                        lower => {
                            let n = next_lower;
                            next_lower += 1;
                            if !merged.hosts.contains(&n) {
                                continue;
                            }
                            match lower {
                                CanonicalFunction::Lower { func_index, options } => {
                                    let target =
                                        functions[func_index as usize].context("lowering of a lift")?;
                                    canon.lower(target, lower_options(program, &allocators, &options)?);
                                }
                                CanonicalFunction::ResourceDrop { resource } => {
                                    canon.resource_drop(resource);
                                }
                                other => bail!("canonical built-in {other:?}"),
                            }
                            host_core[n] = Some(core_funcs);
                            core_funcs += 1;
                        }
                    }
                }
                if !canon.is_empty() {
                    out.section(&canon);
                }
            }
            Payload::ComponentExportSection(section) => {
                for export in section {
                    let export = export?;
                    if export.kind == wasmparser::ComponentExternalKind::Func {
                        functions.push(functions[export.index as usize]);
                        if exports.contains(&export.name.name) {
                            wanted_exports.push((export.name.name.to_owned(), export.index));
                        }
                    }
                }
            }
            _ => {}
        }
    }

    // The code, over the lowered functions; then the allocators into their slots.
    let mut instances = InstanceSection::new();
    let names: Vec<String> = merged.hosts.iter().map(|n| n.to_string()).collect();
    let items: Vec<_> = merged
        .hosts
        .iter()
        .zip(&names)
        .map(|(n, name)| {
            Ok((name.as_str(), ExportKind::Func, host_core[*n].context("host function not lowered")?))
        })
        .collect::<Result<_>>()?;
    instances.export_items(items);
    let (host, code) = (2, 3);
    instances.instantiate(
        CODE_MODULE,
        [("image", ModuleArg::Instance(IMAGE)), ("host", ModuleArg::Instance(host))],
    );
    out.section(&instances);

    let mut aliases = ComponentAliasSection::new();
    let mut alias = |aliases: &mut ComponentAliasSection, instance, name: &str| {
        aliases.alias(Alias::CoreInstanceExport { instance, kind: ExportKind::Func, name });
        core_funcs += 1;
        core_funcs - 1
    };
    let mut slots = vec![];
    for (i, allocator) in allocators.iter().enumerate() {
        slots.push((i.to_string(), alias(&mut aliases, code, merged.export_name(*allocator)?)));
    }
    aliases.alias(Alias::CoreInstanceExport { instance: SHIM, kind: ExportKind::Table, name: "slots" });
    out.section(&aliases);
    let mut instances = InstanceSection::new();
    let mut items: Vec<_> = slots.iter().map(|(name, f)| (name.as_str(), ExportKind::Func, *f)).collect();
    items.push(("slots", ExportKind::Table, 0));
    instances.export_items(items);
    instances.instantiate(FIX_MODULE, [("code", ModuleArg::Instance(4))]);
    out.section(&instances);

    let mut aliases = ComponentAliasSection::new();
    let mut canon = CanonicalFunctionSection::new();
    for (lift, old) in &lifts {
        let CanonicalFunction::Lift { core_func_index, type_index, options } = lift else {
            continue;
        };
        if !wanted_exports.iter().any(|(_, f)| *f as usize == *old) {
            continue;
        }
        let core =
            alias(&mut aliases, code, merged.export_name(program.core_funcs[*core_func_index as usize])?);
        let mut encoded = vec![];
        for option in options {
            encoded.push(match option {
                Parsed::UTF8 => CanonicalOption::UTF8,
                Parsed::Memory(_) => CanonicalOption::Memory(0),
                Parsed::Realloc(f) => {
                    let name = merged.export_name(program.core_funcs[*f as usize])?;
                    CanonicalOption::Realloc(alias(&mut aliases, code, name))
                }
                Parsed::PostReturn(f) => {
                    let name = merged.export_name(program.core_funcs[*f as usize])?;
                    CanonicalOption::PostReturn(alias(&mut aliases, code, name))
                }
                other => bail!("canonical option {other:?}"),
            });
        }
        canon.lift(core, *type_index, encoded);
        functions[*old] = Some(function_count);
        function_count += 1;
    }
    out.section(&aliases);
    out.section(&canon);

    let mut section = ComponentExportSection::new();
    for (name, old) in &wanted_exports {
        let function = functions[*old as usize].context("export of a function that was not lifted")?;
        section.export(name.as_str(), ComponentExportKind::Func, function, None);
        function_count += 1;
    }
    out.section(&section);

    if probe {
        add_probe(&mut out, merged.globals.len(), code, core_funcs, type_count, function_count);
    }
    let bytes = out.finish();
    wasmparser::Validator::new_with_features(wasmparser::WasmFeatures::all())
        .validate_all(&bytes)
        .context("the wrapper is not valid")?;
    Ok(bytes)
}

fn raw(out: &mut Component, id: u8, component: &[u8], range: std::ops::Range<usize>) {
    out.section(&RawSection { id, data: &component[range] });
}

fn lower_options(program: &Program, allocators: &[Func], options: &[Parsed]) -> Result<Vec<CanonicalOption>> {
    options
        .iter()
        .map(|option| {
            Ok(match option {
                Parsed::UTF8 => CanonicalOption::UTF8,
                Parsed::Memory(_) => CanonicalOption::Memory(0),
                Parsed::Realloc(f) => {
                    let function = program.core_funcs[*f as usize];
                    let slot = allocators.iter().position(|a| *a == function).context("allocator")?;
                    CanonicalOption::Realloc(slot as u32)
                }
                other => bail!("canonical option {other:?}"),
            })
        })
        .collect()
}

/// Imports of `code` and `image`, the small modules, and the instances `image` and `shim`.
fn prelude(out: &mut Component, merged: &Merged, allocators: usize, probe: bool) -> Result<()> {
    let function =
        |ty: &wasmparser::FuncType| RoundtripReencoder.func_type(ty.clone()).map_err(|e| anyhow!("{e}"));
    let mut code = ModuleType::new();
    let mut types = 0;
    code.import("image", "memory", EntityType::Memory(MEMORY));
    for (host, ty) in merged.hosts.iter().zip(&merged.host_types) {
        let ty = function(ty)?;
        code.ty().function(ty.params().iter().copied(), ty.results().iter().copied());
        code.import("host", &host.to_string(), EntityType::Function(types));
        types += 1;
    }
    for (_, name, ty) in &merged.exports {
        let ty = function(ty)?;
        code.ty().function(ty.params().iter().copied(), ty.results().iter().copied());
        code.export(name, EntityType::Function(types));
        types += 1;
    }
    for index in 0..merged.globals.len() {
        let ty = GlobalType { val_type: ValType::I32, mutable: true, shared: false };
        code.export(&format!("global-{index}"), EntityType::Global(ty));
    }
    let mut image = ModuleType::new();
    image.export("memory", EntityType::Memory(MEMORY));
    let mut core_types = CoreTypeSection::new();
    core_types.ty().module(&code);
    core_types.ty().module(&image);
    out.section(&core_types);
    let mut imports = ComponentImportSection::new();
    imports.import("code", ComponentTypeRef::Module(0));
    imports.import("image", ComponentTypeRef::Module(1));
    out.section(&imports);
    out.section(&ModuleSection(&shim(allocators)));
    out.section(&ModuleSection(&fix(allocators)));
    if probe {
        out.section(&ModuleSection(&probe_module(merged.globals.len())));
    }
    let mut instances = InstanceSection::new();
    instances.instantiate(IMAGE_MODULE, std::iter::empty::<(&str, ModuleArg)>());
    instances.instantiate(SHIM_MODULE, std::iter::empty::<(&str, ModuleArg)>());
    out.section(&instances);
    let mut aliases = ComponentAliasSection::new();
    aliases.alias(Alias::CoreInstanceExport { instance: IMAGE, kind: ExportKind::Memory, name: "memory" });
    for index in 0..allocators {
        aliases.alias(Alias::CoreInstanceExport {
            instance: SHIM,
            kind: ExportKind::Func,
            name: &format!("realloc-{index}"),
        });
    }
    out.section(&aliases);
    Ok(())
}

const REALLOC: ([ValType; 4], [ValType; 1]) = ([ValType::I32; 4], [ValType::I32]);

/// One table slot per allocator, and a function that calls it.
fn shim(allocators: usize) -> Module {
    let mut module = Module::new();
    let mut types = TypeSection::new();
    types.ty().function(REALLOC.0, REALLOC.1);
    let mut functions = FunctionSection::new();
    let mut tables = TableSection::new();
    let size = Some(allocators as u64);
    tables.table(TableType { minimum: allocators as u64, maximum: size, ..TABLE });
    let mut exports = ExportSection::new();
    exports.export("slots", ExportKind::Table, 0);
    let mut code = CodeSection::new();
    for index in 0..allocators {
        functions.function(0);
        exports.export(&format!("realloc-{index}"), ExportKind::Func, index as u32);
        let mut body = Function::new([]);
        let mut sink = body.instructions();
        sink.local_get(0).local_get(1).local_get(2).local_get(3);
        sink.i32_const(index as i32).call_indirect(0, 0).end();
        code.function(&body);
    }
    module.section(&types).section(&functions).section(&tables).section(&exports).section(&code);
    module
}

/// Puts the code's allocators into the shim's slots.
fn fix(allocators: usize) -> Module {
    let mut module = Module::new();
    let mut types = TypeSection::new();
    types.ty().function(REALLOC.0, REALLOC.1);
    let mut imports = ImportSection::new();
    for index in 0..allocators {
        imports.import("code", &index.to_string(), EntityType::Function(0));
    }
    imports.import("code", "slots", EntityType::Table(TABLE));
    let mut elements = ElementSection::new();
    let all: Vec<u32> = (0..allocators as u32).collect();
    elements.active(None, &ConstExpr::i32_const(0), Elements::Functions(all.into()));
    module.section(&types).section(&imports).section(&elements);
    module
}

/// `memory` grows the memory by a page, to have a place for the answer, and returns all
/// before it as a list; `global-N` returns a global's value.
fn probe_module(globals: usize) -> Module {
    let mut module = Module::new();
    let mut types = TypeSection::new();
    types.ty().function([], [ValType::I32]);
    let mut imports = ImportSection::new();
    imports.import("code", "memory", EntityType::Memory(MEMORY));
    for index in 0..globals {
        let ty = GlobalType { val_type: ValType::I32, mutable: true, shared: false };
        imports.import("code", &format!("global-{index}"), EntityType::Global(ty));
    }
    let mut functions = FunctionSection::new();
    let mut exports = ExportSection::new();
    let mut code = CodeSection::new();
    functions.function(0);
    exports.export("memory", ExportKind::Func, 0);
    let mut body = Function::new([(1, ValType::I32)]);
    let at = |offset| wasm_encoder::MemArg { offset, align: 2, memory_index: 0 };
    let mut sink = body.instructions();
    sink.i32_const(1).memory_grow(0).i32_const(16).i32_shl().local_tee(0);
    sink.i32_const(0).i32_store(at(0));
    sink.local_get(0).local_get(0).i32_store(at(4));
    sink.local_get(0).end();
    code.function(&body);
    for index in 0..globals {
        functions.function(0);
        exports.export(&format!("global-{index}"), ExportKind::Func, index as u32 + 1);
        let mut body = Function::new([]);
        body.instructions().global_get(index as u32).end();
        code.function(&body);
    }
    module.section(&types).section(&imports).section(&functions).section(&exports).section(&code);
    module
}

fn add_probe(
    out: &mut Component,
    globals: usize,
    code: u32,
    mut core_funcs: u32,
    types: u32,
    mut functions: u32,
) {
    let mut aliases = ComponentAliasSection::new();
    let names: Vec<String> = (0..globals).map(|i| format!("global-{i}")).collect();
    for name in &names {
        aliases.alias(Alias::CoreInstanceExport { instance: code, kind: ExportKind::Global, name });
    }
    out.section(&aliases);
    let mut instances = InstanceSection::new();
    let mut items = vec![("memory", ExportKind::Memory, 0)];
    items.extend(names.iter().enumerate().map(|(i, n)| (n.as_str(), ExportKind::Global, i as u32)));
    instances.export_items(items);
    instances.instantiate(PROBE_MODULE, [("code", ModuleArg::Instance(6))]);
    out.section(&instances);

    let mut section = ComponentTypeSection::new();
    section.defined_type().list(PrimitiveValType::U8);
    section
        .function()
        .params(std::iter::empty::<(&str, PrimitiveValType)>())
        .result(Some(wasm_encoder::ComponentValType::Type(types)));
    section
        .function()
        .params(std::iter::empty::<(&str, PrimitiveValType)>())
        .result(Some(wasm_encoder::ComponentValType::Primitive(PrimitiveValType::S32)));
    out.section(&section);

    let mut aliases = ComponentAliasSection::new();
    let mut canon = CanonicalFunctionSection::new();
    let mut exports = ComponentExportSection::new();
    for (index, name) in std::iter::once("memory").chain(names.iter().map(String::as_str)).enumerate() {
        aliases.alias(Alias::CoreInstanceExport { instance: 7, kind: ExportKind::Func, name });
        if index == 0 {
            canon.lift(core_funcs, types + 1, [CanonicalOption::Memory(0)]);
        } else {
            canon.lift(core_funcs, types + 2, []);
        }
        core_funcs += 1;
    }
    let lifted = functions;
    functions += 1 + globals as u32;
    for (index, name) in std::iter::once("memory").chain(names.iter().map(String::as_str)).enumerate() {
        let name = format!("probe-{name}");
        exports.export(name.as_str(), ComponentExportKind::Func, lifted + index as u32, None);
        functions += 1;
    }
    let _ = functions;
    out.section(&aliases);
    out.section(&canon);
    out.section(&exports);
}
