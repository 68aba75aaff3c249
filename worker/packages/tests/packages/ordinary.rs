//! What every author expects of an installer.

use crate::index::{FakeIndex, Served, project};

#[tokio::test]
async fn the_newest_that_fits_is_locked_with_what_it_needs() {
    let index = FakeIndex::with(&[
        project("app", "1.0").needs("lib>=1"),
        project("app", "2.0").needs("lib>=1,<3").needs("later ; python_version < '3.0'"),
        project("lib", "1.0"),
        project("lib", "2.5").needs("leaf[fast]"),
        project("lib", "3.0"),
        project("leaf", "0.1").needs("speedy ; extra == 'fast'").needs("slow ; extra == 'other'"),
        project("speedy", "7"),
    ])
    .await;
    let all = ["app 2.0", "leaf 0.1", "lib 2.5", "speedy 7"];
    assert_eq!(index.locked("app\n").await, all);
    assert_eq!(index.kept().len(), 4);
    let asked = index.asked().len();
    assert_eq!(index.locked("app\n").await, all);
    let again = index.asked()[asked..].to_vec();
    assert!(again.iter().all(|name| !name.ends_with(".whl")), "what is kept is not fetched again: {again:?}");
}

#[tokio::test]
async fn versions_that_conflict_are_given_up_for_older_ones() {
    let index = FakeIndex::with(&[
        project("a", "1.0").needs("c>=1"),
        project("a", "2.0").needs("c>=2"),
        project("b", "1.0").needs("c<2"),
        project("c", "1.5"),
        project("c", "2.5"),
    ])
    .await;
    assert_eq!(index.locked("a\nb\n").await, ["a 1.0", "b 1.0", "c 1.5"]);
}

#[tokio::test]
async fn markers_and_requires_python_are_about_the_guest() {
    let index = FakeIndex::with(&[
        project("a", "1.0")
            .needs("on-wasi ; sys_platform == 'wasi'")
            .needs("on-linux ; sys_platform == 'linux'")
            .needs("on-windows ; os_name == 'nt'"),
        project("a", "2.0").python(">=3.15"),
        project("on-wasi", "1.0").python(">=3.14"),
    ])
    .await;
    assert_eq!(index.locked("a\nnone ; platform_system == 'Linux'\n").await, ["a 1.0", "on-wasi 1.0"]);
}

#[tokio::test]
async fn yanked_files_and_pre_releases_are_left_out() {
    let index = FakeIndex::with(&[
        project("a", "1.0"),
        project("a", "1.1").yanked(),
        project("a", "2.0rc1"),
        project("early", "0.1a1"),
        project("early", "0.1a2"),
    ])
    .await;
    assert_eq!(index.locked("a").await, ["a 1.0"]);
    assert_eq!(index.locked("a>=2.0rc0").await, ["a 2.0rc1"]);
    assert_eq!(index.locked("early").await, ["early 0.1a2"], "there is no other");
    let refused = index.refused("a==1.1").await;
    assert!(refused[0].message.contains("the newest `a` that can be installed is 1.0"), "{refused:?}");
}

#[tokio::test]
async fn only_pure_wheels_are_taken_and_others_named_with_what_to_use_instead() {
    let index = FakeIndex::with(&[
        project("mixed", "1.0"),
        project("mixed", "2.0").tags("cp314-cp314-manylinux_2_17_x86_64"),
        project("old", "1.0").tags("py2.py3-none-any"),
        project("ours", "1.0").tags("py314-none-any"),
        project("orjson", "3.0").tags("cp314-cp314-manylinux_2_17_x86_64"),
        project("uses", "1.0").needs("orjson>=3"),
        project("user", "1.0").needs("uses"),
        project("later", "1.0").python(">=3.15"),
        project("gone", "1.0").yanked(),
    ])
    .await;
    index.answer(
        "source",
        200,
        r#"{"files": [{"filename": "source-1.0.tar.gz", "url": "x", "hashes": {}}]}"#,
    );
    assert_eq!(index.locked("mixed\nold\nours").await, ["mixed 1.0", "old 1.0", "ours 1.0"]);
    let kept = index.kept();
    let refused = index.refused("mixed\nuser\norjson\nlater\ngone\nsource\nnowhere\n").await;
    let expected = [
        (
            2,
            "`user` 1.0 needs `uses`, `uses` 1.0 needs `orjson>=3`: `orjson` cannot be installed: it has compiled parts",
        ),
        (3, "instead, use `json`"),
        (4, "is for Python 3.14"),
        (5, "withdrawn"),
        (6, "published as source"),
        (7, "no package `nowhere`"),
    ];
    for (line, text) in expected {
        let found = refused.iter().find(|one| one.line == Some(line));
        if let Some(found) = found {
            assert!(found.message.contains(text), "{found:?}");
        }
    }
    assert!(!refused.is_empty() && refused.iter().all(|one| one.line != Some(1)), "{refused:?}");
    for (line, text) in ["user", "orjson", "later", "gone", "source", "nowhere"].iter().zip(expected) {
        let refused = index.refused(line).await;
        assert!(refused.len() == 1 && refused[0].message.contains(text.1), "{line}: {refused:?}");
    }
    assert_eq!(index.kept(), kept, "nothing is installed in part");
    let refused = index.refused("mixed>=2").await;
    assert!(refused[0].message.contains("is 1.0, since 2.0 has compiled parts"), "{refused:?}");
}

#[tokio::test]
async fn what_every_run_has_is_neither_fetched_nor_exchanged() {
    let index = FakeIndex::with(&[
        project("a", "1.0").needs("pydantic>=2"),
        project("pydantic", "1.10"),
        project("pydantic", "2.99"),
        project("b", "1.0").needs("pydantic<2"),
    ])
    .await;
    assert_eq!(index.locked("a\npydantic").await, ["a 1.0"]);
    assert!(!index.asked().contains(&"pydantic".to_owned()));
    let refused = index.refused("b").await;
    assert!(refused[0].message.contains("every run has `pydantic` 2.12.5"), "{refused:?}");
    assert!(refused[0].message.contains("`b` 1.0 needs `pydantic<2`"), "{refused:?}");
}

#[tokio::test]
async fn a_package_that_does_without_its_compiled_part_is_taken() {
    let machine = "cp314-cp314-manylinux_2_17_x86_64.manylinux2014_x86_64";
    let index = FakeIndex::with(&[
        project("pyyaml", "6.0").tags("cp313-cp313-manylinux2014_x86_64"),
        project("pyyaml", "6.1").tags(machine),
        project("pyyaml", "6.2").tags("cp314-cp314-win_amd64"),
        project("other", "1.0").tags(machine),
    ])
    .await;
    assert_eq!(index.locked("pyyaml").await, ["pyyaml 6.1"]);
    assert!(index.refused("other").await[0].message.contains("it has compiled parts"));
}

#[tokio::test]
async fn a_stand_in_is_there_in_every_version_and_never_fetched() {
    let index = FakeIndex::with(&[
        project("tokens", "1.0").needs("cryptography>=40,<50"),
        project("newer", "1.0").needs("cryptography>=60"),
        project("cryptography", "3.0").tags("cp39-abi3-manylinux2014_x86_64"),
        project("cryptography", "46.0").tags("cp39-abi3-manylinux2014_x86_64").needs("cffi"),
    ])
    .await;
    assert_eq!(index.locked("tokens\ncryptography").await, ["tokens 1.0"]);
    assert!(index.refused("newer").await[0].message.contains("cryptography"));
}

#[tokio::test]
async fn a_package_is_taken_without_what_only_a_part_of_it_uses() {
    let index = FakeIndex::with(&[
        project("reportlab", "5.0").needs("pillow>=9").needs("leaf"),
        project("leaf", "1.0"),
        project("images", "1.0").needs("reportlab").needs("pillow>=9"),
        project("pillow", "12.0").tags("cp314-cp314-manylinux_2_17_x86_64"),
    ])
    .await;
    assert_eq!(index.locked("reportlab").await, ["leaf 1.0", "reportlab 5.0"]);
    let refused = index.refused("images").await;
    assert!(refused[0].message.contains("`images` 1.0 needs `pillow>=9`"), "{refused:?}");
    assert!(index.refused("pillow").await[0].message.contains("a service that handles images"));
}

#[tokio::test]
async fn an_index_without_metadata_beside_its_wheels_will_do() {
    let bare = |project: crate::index::Project| project.with(|p| p.served_metadata = Some(Served::Nothing));
    let index = FakeIndex::with(&[
        bare(project("a", "1.0").needs("b")),
        bare(project("b", "2.0").replace("b/__init__.py", b"x = 2\n")),
    ])
    .await;
    assert_eq!(index.locked("a").await, ["a 1.0", "b 2.0"]);
}

#[tokio::test]
async fn a_circle_of_dependencies_is_no_problem() {
    let index = FakeIndex::with(&[
        project("a", "1.0").needs("b"),
        project("b", "1.0").needs("c[x]"),
        project("c", "1.0").needs("a").needs("c ; extra == 'x'"),
    ])
    .await;
    assert_eq!(index.locked("a").await, ["a 1.0", "b 1.0", "c 1.0"]);
}

#[tokio::test]
async fn a_package_whose_versions_all_need_what_is_not_there_is_given_up_in_time() {
    let versions = (0..200).map(|minor| project("many", &format!("1.{minor}")).needs("orjson>=3"));
    let mut projects: Vec<_> = versions.collect();
    projects.push(project("many", "0.1"));
    projects.extend([project("few", "1.0"), project("top", "1.0"), project("top", "2.0").needs("many")]);
    projects.extend((1..10).map(|minor| project("few", &format!("1.{minor}")).needs("orjson>=3")));
    projects.push(project("orjson", "3.0").tags("cp314-cp314-manylinux_2_17_x86_64"));
    let index = FakeIndex::with(&projects).await;
    assert_eq!(index.locked("few").await, ["few 1.0"], "an older one that does without is found");
    let asked = index.asked().len();
    let refused = index.refused("many").await;
    assert_eq!((refused.len(), refused[0].line), (1, Some(1)), "{refused:?}");
    for text in ["`many` 1.199 needs `orjson>=3`: `orjson` cannot be installed", "instead, use `json`"] {
        assert!(refused[0].message.contains(text), "{text}: {refused:?}");
    }
    let asked = index.asked().len() - asked;
    assert!(asked < 180, "{asked} questions");
    assert_eq!(index.locked("top").await, ["top 1.0"], "who can do without it does");
}
