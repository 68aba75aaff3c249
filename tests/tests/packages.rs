//! Packages of workspaces, from an index in this process to the run that imports them.

#[path = "../../worker/packages/tests/packages/index.rs"]
#[expect(dead_code, reason = "also used by the tests of the resolver")]
mod index;

use bifrost_packages::{Answer, Request, Requirements, SUBCOMMAND, Target, is_reserved, resolve_apart};
use bifrost_tests::{Platform, program};
use index::{FakeIndex, Project, project};
use serde_json::{Map, Value, json};
use std::path::Path;
use std::time::Duration;

const TEMPORARY: &str = env!("CARGO_TARGET_TMPDIR");

/// Says what it is, in all ways that packages have.
const FLOW: &str = r#"
import importlib.metadata
import importlib.resources

import greeter
from bifrost import workflow


@workflow
async def greet(name: str = "Ada"):
    from greeter import late

    entry, = importlib.metadata.entry_points(group="greeters")
    return {
        "greeting": greeter.greet(name),
        "late": late.VALUE,
        "data": importlib.resources.files("greeter").joinpath("data/words.txt").read_text(),
        "version": importlib.metadata.version("greeter"),
        "requires": importlib.metadata.requires("greeter"),
        "entry": entry.load()("entry"),
        "file": greeter.__file__,
    }
"#;

/// A package with a dependency, data, a module that is imported late, and an entry point.
fn greeter(version: &str) -> Project {
    let code =
        format!("from polite import WORD\n\n\ndef greet(name):\n    return f'{{WORD}} {{name}} {version}'\n");
    let info = format!("greeter-{version}.dist-info");
    project("greeter", version)
        .needs("polite>=1")
        .file("greeter/late.py", b"VALUE = 'late'\n")
        .file("greeter/data/words.txt", b"hello")
        .file(&format!("{info}/entry_points.txt"), b"[greeters]\nplain = greeter:greet\n")
        .replace("greeter/__init__.py", code.as_bytes())
}

fn polite() -> Project {
    project("polite", "1.0").replace("polite/__init__.py", b"WORD = 'hello'\n")
}

fn files(entries: &[(&str, &str)]) -> Value {
    use base64::Engine;
    let encode = |text: &str| Value::from(base64::prelude::BASE64_STANDARD.encode(text));
    Value::Object(
        entries.iter().map(|(path, text)| ((*path).to_owned(), encode(text))).collect::<Map<_, _>>(),
    )
}

async fn platform(index: &FakeIndex) -> Platform {
    let address = index.address().to_owned();
    Platform::configure(TEMPORARY, "basics", |command| {
        command.env("BIFROST_PACKAGE_INDEX", address);
    })
    .await
    .expect("starts")
}

async fn run(platform: &Platform, name: &str) -> Value {
    let id = platform.submit(name, json!({})).await;
    let ended = platform.ended(&id, Duration::from_secs(60)).await;
    assert_eq!(ended["status"], "Success", "{ended}");
    ended["result"].clone()
}

/// The lines of a draft, or the refusal.
async fn draft(platform: &Platform, requirements: &str) -> (u16, String) {
    let body = json!({
        "files": files(&[("requirements.txt", requirements)]), "workflow": "flow.py::greet", "input_data": {},
    });
    let request =
        reqwest::Client::new().post(format!("{}/api/drafts", platform.url())).bearer_auth(platform.key());
    let answer = request.json(&body).send().await.expect("an answer");
    (answer.status().as_u16(), answer.text().await.expect("text"))
}

async fn deploy(platform: &Platform, body: Value) -> (u16, Value) {
    let (status, answer) = platform.post("/api/workspace/deploy", &body).await;
    (status.as_u16(), answer)
}

#[tokio::test]
async fn what_is_asked_for_is_there() {
    let index = FakeIndex::with(&[greeter("1.0"), polite()]).await;
    let platform = platform(&index).await;
    let workspace = files(&[("flow.py", FLOW), ("requirements.txt", "greeter\n")]);
    let (status, deployed) = deploy(&platform, json!({"files": workspace, "force": true})).await;
    assert_eq!(status, 200, "{deployed}");
    assert_eq!(deployed["errors"], json!([]), "{deployed}");
    let names: Vec<_> =
        deployed["packages"].as_array().expect("packages").iter().map(|p| &p["name"]).collect();
    assert_eq!(names, ["greeter", "polite"]);
    let expected = json!({
        "greeting": "hello Ada 1.0", "late": "late", "data": "hello", "version": "1.0", "requires": ["polite>=1"],
        "entry": "hello entry 1.0", "file": "greeter/__init__.py",
    });
    assert_eq!(run(&platform, "greet").await, expected);

    // The same requirements are not asked for again, whatever the index has by now.
    index.add(&greeter("2.0"));
    let asked = index.asked().len();
    let edited = files(&[("flow.py", &format!("{FLOW}\n# edited\n")), ("requirements.txt", "greeter\n")]);
    let (_, again) = deploy(&platform, json!({"files": edited})).await;
    assert_eq!(again["packages"], deployed["packages"], "{again}");
    assert_eq!(index.asked().len(), asked);
    // Unless that is wished for.
    let (_, newer) = deploy(&platform, json!({"files": edited, "upgrade": true})).await;
    assert_eq!(newer["packages"][0]["version"], "2.0", "{newer}");
    assert_eq!(run(&platform, "greet").await["greeting"], "hello Ada 2.0");

    // An earlier version has its own packages, also where nothing of them is on this machine.
    let wheels = platform.data().join("cache").join("wheels");
    for package in deployed["packages"].as_array().expect("packages") {
        let wheel = wheels.join(format!("{}.whl", package["sha256"].as_str().expect("hash")));
        std::fs::remove_file(wheel).expect("it is there");
    }
    let number = &deployed["number"];
    let (status, answer) =
        platform.post(&format!("/api/workspace/versions/{number}/activate"), &json!({})).await;
    assert!(status.is_success(), "{answer}");
    assert_eq!(run(&platform, "greet").await["greeting"], "hello Ada 1.0");

    // A draft gets what its own requirements ask for.
    let (_, text) = draft(&platform, "greeter==2.0\n").await;
    assert!(text.contains("hello Ada 2.0"), "{text}");
}

#[tokio::test]
async fn a_requirement_that_cannot_be_met_changes_nothing() {
    let index = FakeIndex::with(&[
        greeter("1.0"),
        polite(),
        project("shadow", "1.0").file("json/__init__.py", b""),
        project("forged", "1.0").with(|p| p.said_hash = Some("0".repeat(64))),
        project("left", "1.0").needs("polite<1"),
    ])
    .await;
    index.answer("broken", 500, "");
    let platform = platform(&index).await;
    let before = platform.get("/api/workspace").await["version"]["number"].clone();
    for (requirements, status, reason) in [
        ("-r /etc/passwd", 422, "requirements.txt line 1"),
        ("greeter\n--find-links file:///", 422, "requirements.txt line 2"),
        ("git+ext::sh -c id", 422, "from the index alone"),
        ("${ENV}", 422, "variables are not expanded"),
        ("shadow", 422, "which would hide that of the standard library"),
        ("greeter\nleft", 422, "`left` 1.0 needs `polite<1`"),
        ("nowhere", 422, "no package `nowhere`"),
        ("forged", 503, "does not have the hash"),
        ("broken", 503, "it answers 500"),
    ] {
        let workspace = files(&[("flow.py", FLOW), ("requirements.txt", requirements)]);
        for body in [
            json!({"files": workspace}),
            json!({"files": workspace, "force": true}),
            json!({"files": workspace, "dry_run": true}),
        ] {
            let (got, answer) = deploy(&platform, body).await;
            assert_eq!(got, status, "{requirements}: {answer}");
            assert!(
                answer["detail"].as_str().is_some_and(|detail| detail.contains(reason)),
                "{requirements}: {answer}"
            );
        }
        assert_eq!(draft(&platform, requirements).await.0, status, "{requirements}");
    }
    assert_eq!(platform.get("/api/workspace").await["version"]["number"], before);
    let workspace = files(&[("flow.py", FLOW), ("requirements.txt", "greeter")]);
    let (status, answer) = deploy(&platform, json!({"files": workspace, "force": true})).await;
    assert_eq!(status, 200, "{answer}");
}

/// `bifrost run` on a local folder.
async fn local(folder: &Path, data: &Path, index: &FakeIndex, workflow: &str) -> Result<String, String> {
    let mut command = tokio::process::Command::new(program().expect("program"));
    command.args(["run", workflow, "--workspace"]).arg(folder);
    command.env("BIFROST_DATA", data).env("BIFROST_PACKAGE_INDEX", index.address());
    let output = command.output().await.expect("it runs");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).trim().to_owned();
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}

fn folder(entries: &[(&str, &str)]) -> (tempfile::TempDir, tempfile::TempDir) {
    let (folder, data) = (tempfile::tempdir().expect("folder"), tempfile::tempdir().expect("data"));
    for (path, text) in entries {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("parent")).expect("folder");
        std::fs::write(path, text).expect("file");
    }
    let cache = Path::new(TEMPORARY).join("cache");
    std::fs::create_dir_all(&cache).expect("cache");
    std::os::unix::fs::symlink(cache, data.path().join("cache")).expect("link");
    (folder, data)
}

#[tokio::test]
async fn a_local_folder_gets_its_packages_the_same_way() {
    let index = FakeIndex::with(&[greeter("1.0"), polite()]).await;
    let project = "[project]\nname = 'x'\ndependencies = [\n  'greeter',\n]\n";
    let (folder, data) = folder(&[("flow.py", FLOW), ("pyproject.toml", project)]);
    let answer = local(folder.path(), data.path(), &index, "greet").await.expect("it works");
    assert!(answer.contains("hello Ada 1.0"), "{answer}");
    let asked = index.asked().len();
    local(folder.path(), data.path(), &index, "greet").await.expect("it works again");
    assert_eq!(index.asked().len(), asked, "the lock is kept");
    std::fs::write(folder.path().join("requirements.txt"), "greeter\n-e .\n").expect("file");
    let error = local(folder.path(), data.path(), &index, "greet").await.expect_err("refused");
    assert!(error.contains("requirements.txt:2: `-e .`"), "{error}");
}

#[tokio::test]
async fn an_index_that_was_away_is_asked_again() {
    let index = FakeIndex::with(&[polite()]).await;
    index.answer("greeter", 500, "");
    let (folder, data) = folder(&[("flow.py", FLOW), ("requirements.txt", "greeter\n")]);
    let error = local(folder.path(), data.path(), &index, "greet").await.expect_err("it is away");
    assert!(error.contains("it answers 500"), "{error}");
    index.add(&greeter("1.0"));
    let answer = local(folder.path(), data.path(), &index, "greet").await.expect("it is back");
    assert!(answer.contains("hello Ada 1.0"), "{answer}");
}

/// Hidden from everybody else: many packages look whether they have the real one.
#[tokio::test]
async fn some_stand_ins_are_there_beside_one_package_alone() {
    let flow = |package: &str| {
        format!(
            "import importlib\nimport {package}\nfrom bifrost import workflow\n\n\n@workflow\nasync def stand_ins():\n    \
             found = []\n    for name in ('PIL.Image', 'ctypes'):\n        try:\n            \
             found.append(importlib.import_module(name).__name__)\n        except ImportError:\n            pass\n    \
             return found\n"
        )
    };
    let index =
        FakeIndex::with(&[project("reportlab", "5.0"), project("ldap3", "2.9"), project("other", "1.0")])
            .await;
    for (package, found) in
        [("reportlab", json!(["PIL.Image"])), ("ldap3", json!(["ctypes"])), ("other", json!([]))]
    {
        let (folder, data) = folder(&[("flow.py", &flow(package)), ("requirements.txt", package)]);
        let answer = local(folder.path(), data.path(), &index, "stand_ins").await.expect("it works");
        let answer: Value = serde_json::from_str(&answer).expect("JSON");
        assert_eq!(answer, found, "{package}");
    }
}

/// What the process knows and may use while it reads what strangers wrote.
#[tokio::test]
async fn packages_are_chosen_by_a_process_with_an_empty_environment_and_limits() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("an index that says nothing");
    let folder = tempfile::tempdir().expect("folder");
    let request = Request {
        requirements: Requirements { requirements: Some("anything\n".to_owned()), pyproject: None },
        index: format!("http://{}/simple", silent.local_addr().expect("address")),
        provided: vec![],
        folder: folder.path().to_owned(),
        patience: Duration::from_secs(60),
    };
    let program = program().expect("program");
    let resolving = tokio::spawn(async move { resolve_apart(&program, &request).await });
    let asked = tokio::time::timeout(Duration::from_secs(30), silent.accept()).await.expect("in time");
    let _unanswered = asked.expect("it asks");
    let read =
        |process: &str, file: &str| std::fs::read(format!("/proc/{process}/{file}")).unwrap_or_default();
    let own = std::process::id().to_string();
    let is_ours = |process: &String| {
        let status = String::from_utf8_lossy(&read(process, "status")).into_owned();
        let parent = status.lines().find_map(|line| line.strip_prefix("PPid:")).unwrap_or_default().trim();
        parent == own && String::from_utf8_lossy(&read(process, "cmdline")).contains(SUBCOMMAND)
    };
    let processes = std::fs::read_dir("/proc")
        .expect("processes")
        .filter_map(|one| one.ok()?.file_name().into_string().ok());
    let process = processes.filter(|name| name.bytes().all(|byte| byte.is_ascii_digit())).find(is_ours);
    let process = process.expect("the process that resolves");
    let environment = String::from_utf8_lossy(&read(&process, "environ")).into_owned();
    let names: Vec<_> =
        environment.split('\0').filter_map(|one| one.split_once('=')).map(|(name, _)| name).collect();
    assert!(names.iter().all(|name| name.starts_with("SSL_CERT_")), "{names:?}");
    let limits = String::from_utf8_lossy(&read(&process, "limits")).into_owned();
    for limit in ["Max cpu time", "Max address space", "Max file size", "Max core file size"] {
        let line = limits.lines().find(|line| line.starts_with(limit)).expect(limit);
        assert!(!line.contains("unlimited"), "{line}");
    }
    // As the system ends it when it has used up its time.
    let ended = tokio::process::Command::new("kill").args(["-s", "XCPU", &process]).status().await;
    assert!(ended.expect("kill runs").success());
    let Answer::Unavailable(text) = resolving.await.expect("it ends").expect("an answer") else {
        panic!("it was ended")
    };
    assert!(text.contains("more memory or time than it may"), "{text}");
}

#[tokio::test]
async fn the_workspaces_own_file_wins_over_a_package() {
    let flow = "import greeter.late\nimport polite\nfrom bifrost import workflow\n\n\n@workflow\nasync def own():\n    \
                return [polite.WORD, greeter.late.VALUE, greeter.own.VALUE, greeter.greet('x')]\n";
    let index = FakeIndex::with(&[greeter("1.0"), polite()]).await;
    let (folder, data) = folder(&[
        ("flow.py", flow),
        ("requirements.txt", "greeter"),
        ("polite.py", "WORD = 'own'\n"),
        ("greeter/late.py", "import greeter.own\nVALUE = 'own late'\n"),
        ("greeter/own.py", "VALUE = 'beside the package'\n"),
    ]);
    let answer = local(folder.path(), data.path(), &index, "own").await.expect("it works");
    let answer: Value = serde_json::from_str(&answer).expect("JSON");
    assert_eq!(answer, json!(["own", "own late", "beside the package", "own x 1.0"]));
}

#[tokio::test]
async fn the_guest_is_what_packages_are_chosen_for() {
    let flow = r#"
import os
import platform
import sys

from bifrost import workflow


@workflow
async def guest():
    version = sys.implementation.version
    kind = version.releaselevel
    return {
        "markers": {
            "implementation_name": sys.implementation.name,
            "implementation_version": f"{version.major}.{version.minor}.{version.micro}" + (kind[0] + str(version.serial) if kind != "final" else ""),
            "os_name": os.name,
            "platform_machine": platform.machine(),
            "platform_python_implementation": platform.python_implementation(),
            "platform_release": platform.release(),
            "platform_system": platform.system(),
            "platform_version": platform.version(),
            "python_full_version": platform.python_version(),
            "python_version": ".".join(platform.python_version_tuple()[:2]),
            "sys_platform": sys.platform,
        },
        "stdlib": sorted(sys.stdlib_module_names),
    }
"#;
    let index = FakeIndex::with(&[]).await;
    let (folder, data) = folder(&[("flow.py", flow)]);
    let answer = local(folder.path(), data.path(), &index, "guest").await.expect("it works");
    let answer: Value = serde_json::from_str(&answer).expect("JSON");
    let markers = serde_json::to_value(Target::new(&[]).expect("target").markers).expect("JSON");
    assert_eq!(markers, answer["markers"]);
    for module in answer["stdlib"].as_array().expect("names") {
        assert!(is_reserved(module.as_str().expect("a name")), "{module} could be hidden by a package");
    }
}
