//! Runs the component's wiring in the abstract: who imports what from whom, what the
//! globals, the tables and the memory hold.

use crate::{PAGE, parse::*};
use anyhow::{Context, Result, bail, ensure};
use std::collections::HashMap;
use wasmparser::{CanonicalFunction, ConstExpr, ExternalKind, Instance, Operator};

/// A core function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Func {
    /// Defined function `index` (imports not counted) of a module.
    Defined { module: usize, index: usize },
    /// The n-th `canon lower` or resource built-in.
    Host(usize),
}

/// A core item that can be imported and exported.
#[derive(Clone, Copy, Debug)]
pub enum Item {
    Func(Func),
    Table(usize),
    Memory,
    /// Index into [`Program::globals`].
    Global(usize),
}

/// A global after all wiring.
pub struct GlobalState {
    pub ty: wasmparser::GlobalType,
    /// Its initial value, sign-extended.
    pub value: i64,
}

/// The wired program.
#[derive(Default)]
pub struct Program {
    /// Per module: what each index of each kind means.
    pub funcs: Vec<Vec<Func>>,
    pub module_tables: Vec<Vec<usize>>,
    pub module_globals: Vec<Vec<usize>>,
    pub globals: Vec<GlobalState>,
    /// Contents of each table.
    pub tables: Vec<(wasmparser::TableType, Vec<Option<Func>>)>,
    pub memory: Vec<u8>,
    /// Type of each host function, from whoever imports it.
    pub host_types: HashMap<usize, wasmparser::FuncType>,
    /// Canonical definitions that make host functions, in order.
    pub lowered: Vec<CanonicalFunction>,
    /// Canonical lifts, in order, and whether they are wanted.
    pub lifts: Vec<(CanonicalFunction, bool)>,
    /// Core function index space of the component.
    pub core_funcs: Vec<Func>,
}

impl Program {
    pub fn evaluate(component: &Component<'_>, exports: &[&str]) -> Result<Self> {
        let count = component.modules.len();
        let mut this = Self {
            funcs: vec![vec![]; count],
            module_tables: vec![vec![]; count],
            module_globals: vec![vec![]; count],
            ..Self::default()
        };
        let mut instances: Vec<HashMap<&str, Item>> = vec![];
        let (mut tables, mut globals): (Vec<usize>, Vec<usize>) = (vec![], vec![]);
        let mut order = vec![];
        let mut seen = vec![false; count];
        for step in &component.steps {
            match step {
                Step::Instance(Instance::FromExports(items)) => {
                    let mut map = HashMap::new();
                    for export in items {
                        let index = export.index as usize;
                        map.insert(
                            export.name,
                            match export.kind {
                                ExternalKind::Func => Item::Func(this.core_funcs[index]),
                                ExternalKind::Table => Item::Table(tables[index]),
                                ExternalKind::Memory => Item::Memory,
                                ExternalKind::Global => Item::Global(globals[index]),
                                other => bail!("export of {other:?}"),
                            },
                        );
                    }
                    instances.push(map);
                }
                Step::Instance(Instance::Instantiate { module_index, args }) => {
                    let index = *module_index as usize;
                    ensure!(
                        !std::mem::replace(&mut seen[index], true),
                        "module {index} is instantiated twice"
                    );
                    let args: HashMap<&str, u32> = args.iter().map(|a| (a.name, a.index)).collect();
                    let exports = this.instantiate(index, &component.modules[index], &args, &instances)?;
                    instances.push(exports);
                    order.push(index);
                }
                Step::Alias { kind, instance, name } => {
                    let item = instances[*instance as usize]
                        .get(name)
                        .with_context(|| format!("instance {instance} has no `{name}`"))?;
                    match (*kind, *item) {
                        (ExternalKind::Func, Item::Func(f)) => this.core_funcs.push(f),
                        (ExternalKind::Table, Item::Table(t)) => tables.push(t),
                        (ExternalKind::Memory, Item::Memory) => {}
                        (ExternalKind::Global, Item::Global(g)) => globals.push(g),
                        other => bail!("alias of {other:?}"),
                    }
                }
                Step::Canonical(lift @ CanonicalFunction::Lift { .. }) => {
                    let n = this.lifts.len();
                    let wanted = component.exports.iter().any(|(name, f)| {
                        exports.contains(name) && component.functions[*f as usize] == Some(n)
                    });
                    this.lifts.push((lift.clone(), wanted));
                }
                Step::Canonical(
                    lower @ (CanonicalFunction::Lower { .. } | CanonicalFunction::ResourceDrop { .. }),
                ) => {
                    this.core_funcs.push(Func::Host(this.lowered.len()));
                    this.lowered.push(lower.clone());
                }
                Step::Canonical(other) => bail!("canonical built-in {other:?} is not supported"),
            }
        }
        for index in order {
            this.fill(index, &component.modules[index])?;
        }
        for name in exports {
            ensure!(
                component.exports.iter().any(|(n, _)| n == name),
                "the component does not export `{name}`"
            );
        }
        Ok(this)
    }

    fn instantiate<'a>(
        &mut self,
        index: usize,
        module: &Module<'a>,
        args: &HashMap<&str, u32>,
        instances: &[HashMap<&'a str, Item>],
    ) -> Result<HashMap<&'a str, Item>> {
        for import in &module.imports {
            let item = args
                .get(import.module)
                .and_then(|i| instances[*i as usize].get(import.name))
                .with_context(|| format!("module {index}: no {}::{}", import.module, import.name))?;
            match *item {
                Item::Func(f) => {
                    if let (Func::Host(n), wasmparser::TypeRef::Func(ty)) = (f, &import.ty) {
                        self.host_types.insert(n, module.types[*ty as usize].clone());
                    }
                    self.funcs[index].push(f);
                }
                Item::Table(t) => self.module_tables[index].push(t),
                Item::Memory => {}
                Item::Global(g) => self.module_globals[index].push(g),
            }
        }
        self.funcs[index]
            .extend((0..module.functions.len()).map(|i| Func::Defined { module: index, index: i }));
        for ty in &module.tables {
            self.module_tables[index].push(self.tables.len());
            self.tables.push((*ty, vec![None; usize::try_from(ty.initial)?]));
        }
        for memory in &module.memories {
            ensure!(self.memory.is_empty(), "more than one memory");
            self.memory = vec![0; usize::try_from(memory.initial)? * PAGE];
        }
        for global in &module.globals {
            let value = self.constant(index, &global.init_expr)?;
            self.module_globals[index].push(self.globals.len());
            self.globals.push(GlobalState { ty: global.ty, value });
        }
        let mut exports = HashMap::new();
        for export in &module.exports {
            let i = export.index as usize;
            let item = match export.kind {
                ExternalKind::Func => Item::Func(self.funcs[index][i]),
                ExternalKind::Table => Item::Table(self.module_tables[index][i]),
                ExternalKind::Memory => Item::Memory,
                ExternalKind::Global => Item::Global(self.module_globals[index][i]),
                other => bail!("export of {other:?}"),
            };
            exports.insert(export.name, item);
        }
        Ok(exports)
    }

    /// Applies a module's active segments.
    fn fill(&mut self, index: usize, module: &Module<'_>) -> Result<()> {
        for (table, offset, items) in &module.elements {
            let table = self.module_tables[index][*table as usize];
            let offset = usize::try_from(self.constant(index, offset)?)?;
            for (i, item) in items.iter().enumerate() {
                let function = match item {
                    ElementItem::Function(f) => Some(self.funcs[index][*f as usize]),
                    ElementItem::Expression(e) => match e.get_operators_reader().read()? {
                        Operator::RefFunc { function_index } => {
                            Some(self.funcs[index][function_index as usize])
                        }
                        Operator::RefNull { .. } => None,
                        other => bail!("element expression {other:?}"),
                    },
                };
                *self.tables[table].1.get_mut(offset + i).context("element out of the table")? = function;
            }
        }
        for (offset, bytes) in &module.data {
            let offset = usize::try_from(self.constant(index, offset)? as u32)?;
            self.memory
                .get_mut(offset..offset + bytes.len())
                .context("data out of the memory")?
                .copy_from_slice(bytes);
        }
        Ok(())
    }

    fn constant(&self, module: usize, expression: &ConstExpr<'_>) -> Result<i64> {
        let mut stack: Vec<i64> = vec![];
        for operator in expression.get_operators_reader() {
            match operator? {
                Operator::I32Const { value } => stack.push(value.into()),
                Operator::I64Const { value } => stack.push(value),
                Operator::GlobalGet { global_index } => {
                    stack.push(self.globals[self.module_globals[module][global_index as usize]].value);
                }
                Operator::I32Add => {
                    let (b, a) = (stack.pop().context("stack")?, stack.pop().context("stack")?);
                    stack.push((a as i32).wrapping_add(b as i32).into());
                }
                Operator::End => {}
                other => bail!("constant expression {other:?}"),
            }
        }
        stack.pop().context("empty constant expression")
    }
}
