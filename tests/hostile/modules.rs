//! Workspaces that poison what is loaded with them, and files that pass for modules of others.

use bifrost_core::Source;
use bifrost_sandbox::BuildLimits;
use bifrost_tests::Lab;
use serde_json::json;
use std::sync::Arc;

const TEMPORARY: &str = env!("CARGO_TARGET_TMPDIR");

/// Says which of the poisons work here.
const LOOK: &str = r#"
import builtins, json, logging, random, sys
from importlib import import_module
from bifrost import config, workflow

@workflow
async def look():
    found = []
    if json.dumps({}) != "{}":
        found.append("json")
    if hasattr(builtins, "poison"):
        found.append("builtins")
    if not hasattr(import_module("colorsys"), "rgb_to_hsv"):
        found.append("sys.modules")
    if any(type(finder).__name__ == "Poison" for finder in sys.meta_path):
        found.append("meta_path")
    if config.get.__module__ != "bifrost.config":
        found.append("bifrost")
    if "%poison%" in logging.BASIC_FORMAT:
        found.append("logging")
    if callable(getattr(sys, "excepthook", None)) and sys.excepthook.__name__ == "poison":
        found.append("sys")
    return found
"#;

const POISON: &str = r#"
import builtins, json, logging, sys, types
from bifrost import config

def poison(*_, **__):
    return "poison"

class Poison:
    def find_spec(self, *_):
        return None

json.dumps = poison
builtins.poison = poison
sys.modules["colorsys"] = types.ModuleType("colorsys")
sys.meta_path.insert(0, Poison())
config.get = poison
logging.BASIC_FORMAT = "%poison%"
sys.excepthook = poison
"#;

/// What [`LOOK`] finds after [`POISON`].
const POISONS: [&str; 7] = ["json", "builtins", "sys.modules", "meta_path", "bifrost", "logging", "sys"];

fn source(files: &[(&str, &str)]) -> Arc<Source> {
    let mut source = Source::default();
    for (path, text) in files {
        source.insert(*path, text.as_bytes().to_vec()).expect("a path");
    }
    Arc::new(source)
}

async fn deploy(files: &[(&str, &str)]) -> Lab {
    let lab = Lab::deploy(TEMPORARY, source(files), 8, &BuildLimits::default()).await.expect("deploys");
    assert_eq!(lab.built.report.errors, [], "every file is loaded");
    lab
}

#[tokio::test]
async fn what_a_workspace_does_to_the_interpreter_stays_in_it() {
    let poisoned = deploy(&[("a_poison.py", POISON), ("look.py", LOOK)]).await;
    assert_eq!(poisoned.value("look.py::look", json!({})).await, json!(POISONS));
    // Loaded by the same process, from the same base, and under the same names.
    let clean = deploy(&[("a_poison.py", "harmless = {}\n"), ("look.py", LOOK)]).await;
    assert_eq!(clean.value("look.py::look", json!({})).await, json!([]));
    assert_eq!(poisoned.value("look.py::look", json!({})).await, json!(POISONS));
    assert_eq!(clean.value("look.py::look", json!({})).await, json!([]));
}

#[tokio::test]
async fn what_a_run_does_to_the_interpreter_ends_with_it() {
    let indented = POISON.replace('\n', "\n    ");
    let act = format!(
        "from bifrost import workflow\nfrom look import look as search\n\n@workflow\nasync def act():{indented}\n    return await search()\n"
    );
    let lab = deploy(&[("act.py", &act), ("look.py", LOOK)]).await;
    for _ in 0..3 {
        assert_eq!(lab.value("act.py::act", json!({})).await, json!(POISONS));
        assert_eq!(lab.value("look.py::look", json!({})).await, json!([]));
    }
}

/// Names of the library and of the runtime, and what the real module has.
const TAKEN: [(&str, &str, &str); 11] = [
    ("json.py", "json", "dumps"),
    ("logging/__init__.py", "logging", "getLogger"),
    ("encodings/utf_8.py", "encodings.utf_8", "getregentry"),
    ("asyncio/events.py", "asyncio.events", "AbstractEventLoop"),
    ("ssl.py", "ssl", "SSLContext"),
    ("threading.py", "threading", "Thread"),
    ("bifrost/__init__.py", "bifrost", "workflow"),
    ("bifrost/errors.py", "bifrost.errors", "UserError"),
    ("bifrost_guest/app.py", "bifrost_guest.app", "__file__"),
    ("wit_world/__init__.py", "wit_world", "imports"),
    ("componentize_py_types.py", "componentize_py_types", "Err"),
];

#[tokio::test]
async fn a_file_does_not_pass_for_the_library_or_the_runtime() {
    let names: Vec<_> = TAKEN.iter().map(|(_, name, attribute)| (name, attribute)).collect();
    let look = format!(
        "import importlib\nfrom bifrost import workflow\n\n@workflow\nasync def look():\n    \
         modules = {{name: importlib.import_module(name) for name, _ in {pairs}}}\n    \
         return {{'planted': [name for name in modules if hasattr(modules[name], 'PLANTED')],\n            \
         'real': [name for name, attribute in {pairs} if hasattr(modules[name], attribute)],\n            \
         'own': importlib.import_module('mine').PLANTED}}\n",
        pairs = serde_json::to_string(&names).expect("JSON"),
    );
    let mut files = vec![("look.py", look.as_str()), ("mine.py", "PLANTED = 'mine'\n")];
    files.extend(TAKEN.iter().map(|(path, ..)| (*path, "PLANTED = 'not the real one'\n")));
    let lab = deploy(&files).await;
    let real: Vec<_> = TAKEN.iter().map(|(_, name, _)| name).collect();
    let seen = lab.value("look.py::look", json!({})).await;
    assert_eq!(seen, json!({ "planted": [], "real": real, "own": "mine" }));
    // The author is told why such a file is not what `import` finds.
    let warned = |path: &str| lab.built.report.warnings.iter().any(|w| w.path == path);
    let silent: Vec<_> = TAKEN.iter().map(|(path, ..)| path).filter(|path| !warned(path)).collect();
    assert_eq!(silent, Vec::<&&str>::new(), "{:?}", lab.built.report.warnings);
}

#[tokio::test]
async fn a_hook_of_a_workspace_does_not_replace_the_library_in_later_runs() {
    let hook = "import sys, types\nfrom importlib.machinery import ModuleSpec\n\nclass Hook:\n    \
        def find_spec(self, name, path=None, target=None):\n        \
        if name == 'colorsys':\n            return ModuleSpec(name, self)\n    \
        def create_module(self, spec):\n        return types.ModuleType('colorsys')\n    \
        def exec_module(self, module):\n        module.PLANTED = True\n\nsys.meta_path.insert(0, Hook())\n";
    let look = "from bifrost import workflow\n\n@workflow\nasync def look():\n    \
        import colorsys\n    return hasattr(colorsys, 'PLANTED')\n";
    let own = deploy(&[("a_hook.py", hook), ("look.py", look)]).await;
    assert_eq!(own.value("look.py::look", json!({})).await, json!(true), "its own author may do that");
    let other = deploy(&[("b_look.py", look)]).await;
    assert_eq!(other.value("b_look.py::look", json!({})).await, json!(false));
}
