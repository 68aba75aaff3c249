//! Reads a component into core modules and the steps that wire them.

use anyhow::{Result, bail, ensure};
use wasmparser::{
    CanonicalFunction, ComponentAlias, ComponentExternalKind, ConstExpr, DataKind, ElementItems, ElementKind,
    Export, ExternalKind, FuncType, FunctionBody, Global, Import, Instance, MemoryType, Name,
    NameSectionReader, Parser, Payload, TableType, TypeRef,
};

/// A core module, split into what linking needs.
#[derive(Default)]
pub struct Module<'a> {
    pub types: Vec<FuncType>,
    pub imports: Vec<Import<'a>>,
    /// Type index of each defined function.
    pub functions: Vec<u32>,
    pub tables: Vec<TableType>,
    pub memories: Vec<MemoryType>,
    pub globals: Vec<Global<'a>>,
    pub exports: Vec<Export<'a>>,
    /// Table, offset and items of each active segment.
    pub elements: Vec<(u32, ConstExpr<'a>, Vec<ElementItem<'a>>)>,
    pub data: Vec<(ConstExpr<'a>, &'a [u8])>,
    pub bodies: Vec<FunctionBody<'a>>,
    /// Function names by local index, for traces.
    pub names: Vec<(u32, &'a str)>,
}

/// One entry of an element segment.
pub enum ElementItem<'a> {
    Function(u32),
    Expression(ConstExpr<'a>),
}

/// A step at the component's top level that touches core things, in order.
pub enum Step<'a> {
    Instance(Instance<'a>),
    /// Alias of an export of a core instance.
    Alias {
        kind: ExternalKind,
        instance: u32,
        name: &'a str,
    },
    Canonical(CanonicalFunction),
}

/// The whole component, as far as its core goes.
pub struct Component<'a> {
    pub modules: Vec<Module<'a>>,
    pub steps: Vec<Step<'a>>,
    /// Index of the component-level function behind each exported function name.
    pub exports: Vec<(&'a str, u32)>,
    /// Component-level functions in index order: `Some(n)` is the n-th canonical lift.
    pub functions: Vec<Option<usize>>,
}

impl<'a> Component<'a> {
    pub fn parse(bytes: &'a [u8]) -> Result<Self> {
        let mut this = Self { modules: vec![], steps: vec![], exports: vec![], functions: vec![] };
        // What we are inside of: true for a core module, false for a nested component.
        let mut nested: Vec<bool> = vec![];
        let mut lifts = 0;
        for payload in Parser::new(0).parse_all(bytes) {
            let payload = payload?;
            match &payload {
                Payload::ModuleSection { .. } => {
                    if nested.is_empty() {
                        this.modules.push(Module::default());
                    }
                    nested.push(true);
                    continue;
                }
                Payload::ComponentSection { .. } => {
                    nested.push(false);
                    continue;
                }
                Payload::End(_) => {
                    nested.pop();
                    continue;
                }
                _ => {}
            }
            match nested.as_slice() {
                [] => this.top(payload, &mut lifts)?,
                [true] => this.modules.last_mut().expect("inside a module").section(payload)?,
                _ => {}
            }
        }
        Ok(this)
    }

    fn top(&mut self, payload: Payload<'a>, lifts: &mut usize) -> Result<()> {
        match payload {
            Payload::InstanceSection(section) => {
                for instance in section {
                    self.steps.push(Step::Instance(instance?));
                }
            }
            Payload::ComponentAliasSection(section) => {
                for alias in section {
                    match alias? {
                        ComponentAlias::CoreInstanceExport { kind, instance_index, name } => {
                            self.steps.push(Step::Alias { kind, instance: instance_index, name });
                        }
                        ComponentAlias::InstanceExport { kind: ComponentExternalKind::Func, .. } => {
                            self.functions.push(None);
                        }
                        _ => {}
                    }
                }
            }
            Payload::ComponentImportSection(section) => {
                for import in section {
                    if let wasmparser::ComponentTypeRef::Func(_) = import?.ty {
                        self.functions.push(None);
                    }
                }
            }
            Payload::ComponentCanonicalSection(section) => {
                for function in section {
                    let function = function?;
                    if let CanonicalFunction::Lift { .. } = function {
                        self.functions.push(Some(*lifts));
                        *lifts += 1;
                    }
                    self.steps.push(Step::Canonical(function));
                }
            }
            Payload::ComponentExportSection(section) => {
                for export in section {
                    let export = export?;
                    if export.kind == ComponentExternalKind::Func {
                        self.exports.push((export.name.name, export.index));
                        self.functions.push(self.functions[export.index as usize]);
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }
}

impl<'a> Module<'a> {
    fn section(&mut self, payload: Payload<'a>) -> Result<()> {
        match payload {
            Payload::TypeSection(section) => {
                for ty in section.into_iter_err_on_gc_types() {
                    self.types.push(ty?);
                }
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    self.imports.push(import?);
                }
            }
            Payload::FunctionSection(section) => {
                for ty in section {
                    self.functions.push(ty?);
                }
            }
            Payload::TableSection(section) => {
                for table in section {
                    self.tables.push(table?.ty);
                }
            }
            Payload::MemorySection(section) => {
                for memory in section {
                    self.memories.push(memory?);
                }
            }
            Payload::GlobalSection(section) => {
                for global in section {
                    self.globals.push(global?);
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    self.exports.push(export?);
                }
            }
            Payload::ElementSection(section) => {
                for element in section {
                    self.element(element?)?;
                }
            }
            Payload::DataSection(section) => {
                for data in section {
                    let data = data?;
                    let DataKind::Active { memory_index: 0, offset_expr } = data.kind else {
                        bail!("passive data segments are not supported");
                    };
                    self.data.push((offset_expr, data.data));
                }
            }
            Payload::CodeSectionEntry(body) => self.bodies.push(body),
            Payload::StartSection { .. } => {
                bail!("a start function has no place after the snapshot")
            }
            Payload::TagSection(_) => bail!("exceptions are not supported"),
            Payload::CustomSection(custom) if custom.name() == "name" => {
                let reader = wasmparser::BinaryReader::new(custom.data(), custom.data_offset());
                for name in NameSectionReader::new(reader) {
                    if let Ok(Name::Function(map)) = name {
                        self.names =
                            map.into_iter().filter_map(|n| n.ok().map(|n| (n.index, n.name))).collect();
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn element(&mut self, element: wasmparser::Element<'a>) -> Result<()> {
        let ElementKind::Active { table_index, offset_expr } = element.kind else {
            ensure!(matches!(element.kind, ElementKind::Declared), "passive elements are not supported");
            return Ok(());
        };
        let items = match element.items {
            ElementItems::Functions(items) => {
                items.into_iter().map(|i| Ok(ElementItem::Function(i?))).collect::<Result<_>>()?
            }
            ElementItems::Expressions(_, items) => {
                items.into_iter().map(|e| Ok(ElementItem::Expression(e?))).collect::<Result<_>>()?
            }
        };
        self.elements.push((table_index.unwrap_or(0), offset_expr, items));
        Ok(())
    }

    /// Number of imports of one kind: where the defined items of that kind begin.
    pub fn imported(&self, kind: ExternalKind) -> usize {
        self.imports.iter().filter(|i| external_kind(&i.ty) == kind).count()
    }
}

/// The kind of an import.
pub fn external_kind(ty: &TypeRef) -> ExternalKind {
    match ty {
        TypeRef::Func(_) | TypeRef::FuncExact(_) => ExternalKind::Func,
        TypeRef::Table(_) => ExternalKind::Table,
        TypeRef::Memory(_) => ExternalKind::Memory,
        TypeRef::Global(_) => ExternalKind::Global,
        TypeRef::Tag(_) => ExternalKind::Tag,
    }
}
