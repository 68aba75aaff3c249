//! Wheels and indexes that mean harm, or are broken. Each beside what shows that the same
//! without the harm is taken.

use crate::index::{FakeIndex, Project, Served, archive, project};
use bifrost_packages::{Answer, Request, lock};
use std::time::{Duration, Instant};

/// Refused by its name and with this reason, and nothing is kept.
async fn refused(project: Project, reason: &str) {
    let index = FakeIndex::with(&[project, crate::index::project("innocent", "1.0")]).await;
    let refused = index.refused("innocent\nharm\n").await;
    assert!(refused[0].message.contains("`harm` 1.0"), "{refused:?}");
    assert!(refused[0].message.contains(reason), "{reason}: {refused:?}");
    assert!(index.kept().len() <= 1, "{:?}", index.kept());
}

fn harm() -> Project {
    project("harm", "1.0")
}

#[tokio::test]
async fn a_wheel_without_harm_is_taken() {
    let good = harm()
        .file("harm/data/x.txt", b"x")
        .file("harm-1.0.data/purelib/harm_more.py", b"")
        .file("harm-1.0.data/scripts/json", b"");
    let index = FakeIndex::with(&[good]).await;
    assert_eq!(index.locked("harm").await, ["harm 1.0"]);
    assert_eq!(index.kept().len(), 1);
}

#[tokio::test]
async fn no_package_takes_the_name_of_the_standard_library_or_of_the_platform() {
    for (path, module) in [
        ("json/__init__.py", "json"),
        ("os.py", "os"),
        ("ssl.py", "ssl"),
        ("asyncio/evil.py", "asyncio"),
        ("annotationlib.py", "annotationlib"),
        ("harm-1.0.data/purelib/socket.py", "socket"),
        ("harm-1.0.data/platlib/bifrost/__init__.py", "bifrost"),
        ("bifrost.py", "bifrost"),
        ("bifrost/__init__.py", "bifrost"),
        ("bifrost_guest/app.py", "bifrost_guest"),
        ("wit_world/__init__.py", "wit_world"),
    ] {
        refused(harm().file(path, b"x"), &format!("a module `{module}`, which would hide")).await;
    }
}

#[tokio::test]
async fn no_file_leaves_its_folder() {
    for path in [
        "../evil.py",
        "/etc/passwd",
        "harm/../../evil.py",
        "harm\\..\\evil.py",
        "C:/evil.py",
        "harm//evil.py",
    ] {
        refused(harm().file(path, b"x"), "leave its folder").await;
    }
}

#[tokio::test]
async fn no_links_and_no_two_files_of_one_name() {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(vec![]));
    writer.add_symlink("harm/link", "/etc/passwd", zip::write::SimpleFileOptions::default()).expect("link");
    let linked = writer.finish().expect("archive").into_inner();
    refused(harm().with(|p| p.wheel = Some(linked)), "a symbolic link, `harm/link`").await;
    let twice = harm().file("harm_extra.py", b"1").file("harm-1.0.data/purelib/harm_extra.py", b"2");
    refused(twice, "two files of the same name").await;
    // The writer makes no such archive: one name is changed into the other afterwards.
    let mut bytes = harm().file("harm/one.py", b"1").file("harm/two.py", b"2").bytes();
    let places: Vec<_> = (0..bytes.len() - 11).filter(|at| &bytes[*at..*at + 11] == b"harm/two.py").collect();
    assert_eq!(places.len(), 2, "in the file's header and in the table of contents");
    for at in places {
        bytes[at..at + 11].copy_from_slice(b"harm/one.py");
    }
    refused(harm().with(|p| p.wheel = Some(bytes)), "two files of the same name").await;
}

#[tokio::test]
async fn bombs_are_not_unpacked() {
    let zeros = |mib: usize| vec![0_u8; mib << 20];
    refused(harm().file("harm/bomb.bin", &zeros(64)), "packed more than 200-fold").await;
    // Two gigabytes, in files that are packed well within the ratio.
    let noise: Vec<u8> = (0..1_u32 << 14).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    let block: Vec<u8> = noise.iter().copied().cycle().take(33 << 20).collect();
    let mut many = harm();
    for number in 0..9 {
        many = many.file(&format!("harm/{number}.bin"), &block);
    }
    refused(many, "more than 256 MiB").await;
    let mut countless = harm();
    for number in 0..20_001 {
        countless = countless.file(&format!("harm/{number}"), b"");
    }
    refused(countless, "more than 20000 files").await;
}

#[tokio::test]
async fn two_gigabytes_in_one_file_are_not_unpacked() {
    // The table of contents says what it is; the content would be made while it is read.
    let mut bytes = harm().file("harm/big.bin", &vec![7; 1 << 20]).bytes();
    let at = (0..bytes.len()).rev().find(|at| {
        bytes[*at..].starts_with(b"PK\x01\x02") && {
            let name = u16::from_le_bytes([bytes[at + 28], bytes[at + 29]]) as usize;
            &bytes[at + 46..at + 46 + name] == b"harm/big.bin"
        }
    });
    let at = at.expect("the entry of the file");
    bytes[at + 24..at + 28].copy_from_slice(&(2_000_000_000_u32).to_le_bytes());
    let started = Instant::now();
    refused(harm().with(|p| p.wheel = Some(bytes.clone())), "more than 256 MiB").await;
    assert!(started.elapsed() < Duration::from_secs(10));
    // A size that is a lie is a file that is damaged.
    bytes[at + 24..at + 28].copy_from_slice(&(1_000_u32).to_le_bytes());
    refused(harm().with(|p| p.wheel = Some(bytes)), "damaged").await;
}

#[tokio::test]
async fn what_is_not_an_archive_or_not_this_package_is_refused() {
    refused(harm().with(|p| p.wheel = Some(b"no archive".to_vec())), "not an archive").await;
    let whole = harm().bytes();
    refused(harm().with(|p| p.wheel = Some(whole[..whole.len() / 2].to_vec())), "not an archive").await;
    refused(harm().with(|p| p.wheel = Some(archive(&[]))), "no metadata").await;
    let two = harm().file("other-1.0.dist-info/METADATA", b"Name: other\nVersion: 1.0\n");
    refused(two, "the metadata of two packages").await;
    let other = project("other", "1.0").bytes();
    refused(harm().with(|p| p.wheel = Some(other)), "says in its metadata that it is `other` 1.0").await;
}

#[tokio::test]
async fn an_index_that_lies_is_found_out() {
    let other = harm().with(|p| p.said_hash = Some("0".repeat(64)));
    let index = FakeIndex::with(&[other]).await;
    let text = index.unavailable("harm").await;
    assert!(text.contains("`harm` 1.0") && text.contains("does not have the hash"), "{text}");
    assert!(index.kept().is_empty());
    // The metadata beside the wheel hides what the wheel needs.
    let hides = harm().needs("secret-dependency").with(|p| {
        p.served_metadata =
            Some(Served::Bytes(b"Metadata-Version: 2.1\nName: harm\nVersion: 1.0\n".to_vec()));
    });
    refused(hides, "another thing in its own metadata").await;
    let index = FakeIndex::with(&[harm().with(|p| {
        p.served_metadata = Some(Served::Bytes(b"Name: another\nVersion: 1.0\n".to_vec()));
    })])
    .await;
    let refused = index.refused("harm").await;
    assert!(refused[0].message.contains("has the metadata of `another`"), "{refused:?}");
}

#[tokio::test]
async fn an_index_that_is_away_or_answers_garbage_is_named() {
    let index = FakeIndex::with(&[project("good", "1.0")]).await;
    assert_eq!(index.locked("good").await, ["good 1.0"]);
    for (status, body, reason) in [
        (500, "", "it answers 500"),
        (403, "", "it answers 403"),
        (200, "<html>", "not a list of files in JSON"),
        (200, "{}", "not a list of files in JSON"),
        (200, "[1, 2", "not a list of files in JSON"),
        (200, "\u{0}\u{1}", "not a list of files in JSON"),
    ] {
        index.answer("bad", status, body);
        let text = index.unavailable("good\nbad\n").await;
        assert!(text.contains("`bad`") && text.contains(reason), "{text}");
    }
    let file = format!(
        r#"{{"files": [{{"filename": "bad-1-py3-none-any.whl", "url": "file:///etc/passwd", "hashes": {{"sha256": "{}"}}}}]}}"#,
        "0".repeat(64)
    );
    index.answer("bad", 200, &file);
    let text = index.unavailable("bad").await;
    assert!(text.contains("no address of the web"), "{text}");
    let closed =
        tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("bind").local_addr().expect("address");
    let request = Request { index: format!("http://user:secret@{closed}/simple"), ..index.request("good") };
    let Answer::Unavailable(text) = lock(request).await.expect("an answer") else {
        panic!("it is not there")
    };
    assert!(text.contains("cannot be asked for `good`") && !text.contains("secret"), "{text}");
    for address in ["file:///etc", "ftp://example.org", "nothing", ""] {
        let request = Request { index: address.to_owned(), ..index.request("good") };
        assert!(lock(request).await.is_err(), "{address}");
    }
}

#[tokio::test]
async fn a_conflict_names_both_sides() {
    let index = FakeIndex::with(&[
        project("left", "1.0").needs("shared<2"),
        project("right", "3.0").needs("shared>=2"),
        project("shared", "1.0"),
        project("shared", "2.0"),
    ])
    .await;
    assert_eq!(index.locked("left").await, ["left 1.0", "shared 1.0"]);
    let refused = index.refused("# why\nleft\nright\n").await;
    assert_eq!((refused.len(), refused[0].line), (1, Some(2)));
    for part in [
        "requirements.txt line 2 asks for `left`",
        "requirements.txt line 3 asks for `right`",
        "`left` 1.0 needs `shared<2`",
        "`right` 3.0 needs `shared>=2`",
    ] {
        assert!(refused[0].message.contains(part), "{part}: {}", refused[0].message);
    }
    let refused = index.refused("shared<2\nshared>=2\n").await;
    assert!(refused[0].message.contains("line 1 asks for `shared<2`"), "{refused:?}");
    assert!(refused[0].message.contains("line 2 asks for `shared>=2`"), "{refused:?}");
    let refused = index.refused("left==9").await;
    assert!(refused[0].message.contains("the newest `left` that can be installed is 1.0"), "{refused:?}");
}

#[tokio::test]
async fn thousands_of_dependencies_are_too_many() {
    let mut projects = vec![project("wide", "1.0"), project("wider", "1.0")];
    for number in 0..600 {
        projects.push(project(&format!("leaf-{number}"), "1.0"));
        projects[1] = projects[1].clone().needs(&format!("leaf-{number}"));
        if number < 150 {
            projects[0] = projects[0].clone().needs(&format!("leaf-{number}"));
        }
    }
    let index = FakeIndex::with(&projects).await;
    assert_eq!(index.locked("wide").await.len(), 151);
    let kept = index.kept().len();
    let refused = index.refused("wider").await;
    assert!(refused[0].message.contains("more than 500 packages"), "{refused:?}");
    assert_eq!(index.kept().len(), kept);
    let many: String = (0..3_000).map(|number| format!("leaf-{number}\n")).collect();
    let refused = index.refused(&many).await;
    assert!(refused[0].message.contains("may have 500 requirements"), "{refused:?}");
}

#[tokio::test]
async fn what_takes_too_long_ends() {
    let index = FakeIndex::with(&[project("a", "1.0")]).await;
    let request = Request { patience: Duration::ZERO, ..index.request("a") };
    let Answer::Refused(refused) = lock(request).await.expect("an answer") else { panic!("it has no time") };
    assert!(refused[0].message.contains("takes too long"), "{refused:?}");
}
