"""What the web UI's editor offers for `bifrost`: its names, signatures and docstrings, as JSON.

    python completions.py > ../client/src/screens/editor/sdk.json

Read from the source with `ast`, so that nothing of the SDK has to be imported.
"""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).parent / "bifrost"

Function = ast.FunctionDef | ast.AsyncFunctionDef


def entries() -> list[dict[str, Any]]:
    """Every public name of `bifrost`, in the order of its `__all__`."""
    top = ast.parse((PACKAGE / "__init__.py").read_text())
    origins = {name: module for name, module in imported(top)}
    found = []
    for name in exported(top):
        module = origins.get(name)
        if module is not None:
            found.append(entry(name, *located(module, name)))
    return found


def imported(module: ast.Module) -> Iterator[tuple[str, str]]:
    """Names that come from the package's own modules; a module itself has the name twice."""
    for node in module.body:
        if isinstance(node, ast.ImportFrom) and node.level == 1:
            for alias in node.names:
                yield alias.asname or alias.name, node.module or alias.name


def exported(module: ast.Module) -> list[str]:
    for node in module.body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets):
            return [str(name) for name in ast.literal_eval(node.value) if not name.startswith("__")]
    raise ValueError("bifrost/__init__.py has no __all__")


def located(module: str, name: str) -> tuple[ast.Module, ast.stmt | None]:
    """The module and the statement that defines the name; a module has no statement."""
    folder = PACKAGE / module / "__init__.py"
    tree = ast.parse((folder if folder.exists() else PACKAGE / f"{module}.py").read_text())
    return tree, definition(tree, name)


def definition(tree: ast.Module, name: str) -> ast.stmt | None:
    """The last definition: what stands before it are its overloads."""
    for node in reversed(tree.body):
        if (isinstance(node, Function | ast.ClassDef) and node.name == name) or name in assigned(node):
            return node
    return None


def assigned(node: ast.stmt) -> list[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [target.id for target in targets if isinstance(target, ast.Name)]


def entry(name: str, tree: ast.Module, node: ast.stmt | None) -> dict[str, Any]:
    if node is None:
        return {"name": name, "kind": "module", "doc": doc(tree), "members": module_members(tree)}
    if isinstance(node, Function):
        overloads = [one for one in tree.body if isinstance(one, Function) and one.name == name and one is not node]
        widest = max(overloads, key=lambda one: len(one.args.kwonlyargs), default=node)
        registered = literal(tree, "REGISTRATION_DEFAULTS") if overloads else []
        shown = function(widest)
        return kept({**shown, "parameters": [*shown.get("parameters", []), *registered], "doc": doc(node)})
    if isinstance(node, ast.ClassDef):
        return kept(
            {"name": name, "kind": "class", "doc": doc(node), "signature": constructor(tree, node), "members": members(tree, node)}
        )
    return stands_for(name, tree, node)


def stands_for(name: str, tree: ast.Module, node: ast.stmt) -> dict[str, Any]:
    """A value: the class that its text names, or that it is an instance of, has its members."""
    text = following(tree, node)
    value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
    if isinstance(value, ast.Name):
        other = definition(tree, value.id)
        return {**entry(value.id, tree, other), "name": name, "doc": text}
    named = [part for part in text.split("`") if part.isidentifier() and isinstance(definition(tree, part), ast.ClassDef)]
    called = value.func.id if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) else None
    for candidate in [*named, called]:
        cls = definition(tree, candidate) if candidate else None
        if isinstance(cls, ast.ClassDef):
            return kept({"name": name, "kind": "variable", "doc": text or doc(cls), "members": members(tree, cls)})
    return kept({"name": name, "kind": "variable", "doc": text or doc(tree)})


def following(tree: ast.Module, node: ast.stmt) -> str:
    """The string that stands behind an assignment and says what it is."""
    at = tree.body.index(node) + 1
    if at < len(tree.body):
        behind = tree.body[at]
        if isinstance(behind, ast.Expr) and isinstance(behind.value, ast.Constant) and isinstance(behind.value.value, str):
            return clean(behind.value.value)
    return ""


def literal(tree: ast.Module, name: str) -> list[str]:
    """The names that a constant of the module holds."""
    node = definition(tree, name)
    value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
    while isinstance(value, ast.Call):
        value = value.args[0]
    elements = value.elts if isinstance(value, ast.Set | ast.List | ast.Tuple) else []
    return [str(ast.literal_eval(one)) for one in elements]


def module_members(tree: ast.Module) -> list[dict[str, Any]]:
    public = exported(tree) if any("__all__" in assigned(node) for node in tree.body) else None
    origins = dict(imported(tree))
    found = []
    for name in public if public is not None else [n.name for n in tree.body if isinstance(n, Function | ast.ClassDef)]:
        node = definition(tree, name)
        if node is None and name in origins:
            continue
        if node is not None and not name.startswith("_"):
            found.append(entry(name, tree, node))
    return found


def members(tree: ast.Module, cls: ast.ClassDef) -> list[dict[str, Any]]:
    """Public methods, properties and fields; also those of base classes in the same module."""
    found: dict[str, dict[str, Any]] = {}
    for base in cls.bases:
        above = definition(tree, base.id) if isinstance(base, ast.Name) else None
        if isinstance(above, ast.ClassDef):
            found.update((member["name"], member) for member in members(tree, above))
    for node in cls.body:
        if isinstance(node, Function):
            if node.name == "__init__":
                found.update((field["name"], field) for field in attributes(node))
            elif not node.name.startswith("_"):
                found[node.name] = function(node)
        for name in assigned(node):
            if not name.startswith("_"):
                annotation = ast.unparse(node.annotation) if isinstance(node, ast.AnnAssign) else ""
                found[name] = kept({"name": name, "kind": "property", "signature": annotation})
    return list(found.values())


def attributes(init: Function) -> Iterator[dict[str, Any]]:
    """What a constructor keeps under the names of its parameters."""
    types = {argument.arg: argument.annotation for argument in [*init.args.args, *init.args.kwonlyargs]}
    for node in ast.walk(init):
        for target in node.targets if isinstance(node, ast.Assign) else []:
            if isinstance(target, ast.Attribute) and target.attr in types:
                annotation = types[target.attr]
                yield kept({"name": target.attr, "kind": "property", "signature": ast.unparse(annotation) if annotation else ""})


def function(node: Function) -> dict[str, Any]:
    decorators = {ast.unparse(one) for one in node.decorator_list}
    if "property" in decorators:
        returns = ast.unparse(node.returns) if node.returns else ""
        return kept({"name": node.name, "kind": "property", "signature": returns, "doc": doc(node)})
    arguments = parameters(node, bound="staticmethod" not in decorators)
    return kept(
        {
            "name": node.name,
            "kind": "function",
            "is_async": is_awaited(node),
            "signature": signature(arguments, node.returns),
            "parameters": [one.arg for one in [*arguments.args, *arguments.kwonlyargs]],
            "doc": doc(node),
        }
    )


def is_awaited(node: Function) -> bool:
    """Whether authors await it: a coroutine, or what is there at once and can be awaited, too."""
    if isinstance(node, ast.AsyncFunctionDef):
        return not generates(node)
    return isinstance(node.returns, ast.Name) and node.returns.id in immediate()


@cache
def immediate() -> set[str]:
    """Names of the kinds of values that `_immediate` has."""
    module = ast.parse((PACKAGE / "_immediate.py").read_text())
    return {node.name for node in module.body if isinstance(node, ast.ClassDef)}


def generates(node: Function) -> bool:
    return any(isinstance(inner, ast.Yield) for inner in ast.walk(node))


def parameters(node: Function, bound: bool) -> ast.arguments:
    """Without what a method is bound to, and without positional-only marks."""
    arguments = node.args
    args = [*arguments.posonlyargs, *arguments.args]
    if bound and args and args[0].arg in ("self", "cls"):
        args = args[1:]
    return ast.arguments([], args, arguments.vararg, arguments.kwonlyargs, arguments.kw_defaults, arguments.kwarg, arguments.defaults)


def signature(arguments: ast.arguments, returns: ast.expr | None) -> str:
    text = f"({ast.unparse(arguments)})"
    # A private sentinel says nothing to a reader.
    text = text.replace("=_MISSING", "=…")
    return f"{text} -> {ast.unparse(returns)}" if returns is not None else text


def constructor(tree: ast.Module, cls: ast.ClassDef) -> str:
    for node in cls.body:
        if isinstance(node, Function) and node.name == "__init__":
            return signature(parameters(node, bound=True), None)
    if any("dataclass" in ast.unparse(one) for one in cls.decorator_list):
        fields = [node for node in cls.body if isinstance(node, ast.AnnAssign) and not assigned(node)[0].startswith("_")]
        shown = [f"{assigned(field)[0]}: {ast.unparse(field.annotation)}" + (" = …" if field.value else "") for field in fields]
        return f"({', '.join(shown)})"
    return ""


def doc(node: ast.AsyncFunctionDef | ast.FunctionDef | ast.ClassDef | ast.Module) -> str:
    return clean(ast.get_docstring(node) or "")


def clean(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def kept(record: dict[str, Any]) -> dict[str, Any]:
    """Without what says nothing."""
    return {name: value for name, value in record.items() if value not in ("", [], False)}


def text() -> str:
    return json.dumps(entries(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
