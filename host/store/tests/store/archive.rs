//! Long logs that become objects: every page stays what it was, whatever dies in between.

use crate::common::*;
use bifrost_core::ports::Objects;
use bifrost_core::*;
use bifrost_store::executions::archive::{self, LONG_LINES};
use bifrost_store::executions::{self, Ending};
use bifrost_store::{Db, Sql};

on_both!(
    every_page_stays_what_it_was,
    two_leaders_make_one_object,
    lost_and_cancelled_runs_have_long_logs_too,
    what_is_missing_is_gone,
);

const LINES: i64 = 2_345;

fn lines(count: i64) -> Vec<LogLine> {
    let level = |n| match n % 100 {
        0 => LogLevel::Error,
        50 => LogLevel::Debug,
        _ => LogLevel::Info,
    };
    (1..=count).map(|n| line(n, level(n), &format!("line {n}\r\nü"))).collect()
}

/// A run that has ended with a long log.
async fn ended(w: &World) -> ExecutionId {
    let id = w.accept().await.id;
    let token = w.claim(id, 1, 60).await.unwrap().token;
    assert!(executions::append_logs(&w.db, id, token, lines(LINES)).await.unwrap());
    assert_eq!(archive::long_logs(&w.db, None, 10).await.unwrap(), [], "it has not ended");
    let outcome = success(serde_json::json!(1));
    let ending = Ending { has_long_log: true, ..Ending::of(outcome) };
    executions::end(&w.db, id, token, ending).await.unwrap().expect("ended");
    id
}

/// What readers see, in pages of several sizes and with several filters.
async fn pages(w: &World, objects: &dyn Objects, id: ExecutionId) -> Vec<Vec<LogLine>> {
    let org = w.db.org(w.org.id);
    let mut pages = vec![];
    for (after, limit, level) in [
        (0, 10_000, None),
        (0, 1_000, None),
        (999, 2, None),
        (1_000, 500, None),
        (LINES - 1, 10, None),
        (LINES, 10, None),
        (0, 10_000, Some(LogLevel::Info)),
        (150, 7, Some(LogLevel::Warning)),
        (0, 10, Some(LogLevel::Critical)),
    ] {
        pages.push(executions::logs(&org, objects, id, after, limit, level).await.unwrap());
    }
    pages
}

async fn rows(db: &Db) -> i64 {
    let sql = Sql::new("SELECT COUNT(*) AS n FROM execution_logs");
    db.system().read().await.unwrap().one(sql).await.unwrap().get("n").unwrap()
}

async fn every_page_stays_what_it_was(db: Db) {
    let w = World::new(db).await;
    for (objects, _alive) in stores().await {
        let objects = objects.as_ref();
        let id = ended(&w).await;
        let before = pages(&w, &NoObjects, id).await;
        assert_eq!(before[0].len(), LINES as usize);
        let [log] = &archive::long_logs(&w.db, None, 10).await.unwrap()[..] else { panic!("one") };
        assert_eq!((log.execution, log.is_object), (id, false));
        archive::delete_lines(&w.db, id, 10).await.unwrap();
        assert_eq!(rows(&w.db).await, LINES, "no line goes before the object is named");

        assert!(matches!(archive::archive(&w.db, &AwayObjects, log).await, Err(Error::Busy(_))));
        assert_eq!(pages(&w, &NoObjects, id).await, before);
        assert!(archive::archive(&w.db, objects, log).await.unwrap());
        assert_eq!(pages(&w, objects, id).await, before, "with the lines still there");
        assert!(!archive::archive(&w.db, objects, log).await.unwrap(), "only once");
        assert_eq!(keys(objects).await.len(), 1);

        assert!(!archive::delete_lines(&w.db, id, 1_000).await.unwrap());
        assert_eq!(rows(&w.db).await, LINES - 1_000);
        assert_eq!(pages(&w, objects, id).await, before, "with some of the lines");
        let [again] = &archive::long_logs(&w.db, None, 10).await.unwrap()[..] else { panic!("found again") };
        assert!(again.is_object);
        assert!(!archive::delete_lines(&w.db, id, 1_000).await.unwrap());
        assert!(archive::delete_lines(&w.db, id, 1_000).await.unwrap());
        assert_eq!((rows(&w.db).await, archive::long_logs(&w.db, None, 10).await.unwrap()), (0, vec![]));
        assert_eq!(pages(&w, objects, id).await, before, "with none of the lines");
        let foreign = executions::logs(&w.db.org(w.other.id), objects, id, 0, 10, None).await;
        assert!(matches!(foreign, Err(Error::NotFound("execution"))));
    }
}

async fn two_leaders_make_one_object(db: Db) {
    let w = World::new(db).await;
    let (objects, _alive) = stores().await.swap_remove(0);
    let objects = objects.as_ref();
    let id = ended(&w).await;
    let before = pages(&w, &NoObjects, id).await;
    let log = archive::long_logs(&w.db, None, 1).await.unwrap().remove(0);
    let leader = async || {
        let named = archive::archive(&w.db, objects, &log).await.unwrap();
        while !archive::delete_lines(&w.db, id, 300).await.unwrap() {}
        named
    };
    let (one, two, three) = tokio::join!(leader(), leader(), leader());
    assert_eq!(usize::from(one) + usize::from(two) + usize::from(three), 1);
    assert_eq!(keys(objects).await.len(), 1);
    assert_eq!(pages(&w, objects, id).await, before);
}

async fn lost_and_cancelled_runs_have_long_logs_too(db: Db) {
    let w = World::new(db).await;
    let mut long = vec![];
    for (lines_of, cancel) in [(LONG_LINES, true), (LONG_LINES - 1, true), (LONG_LINES, false)] {
        let id = w.accept().await.id;
        for attempt in 1..=executions::MAX_LOSSES {
            let Some(claimed) = w.claim(id, attempt, 0).await else { break };
            executions::append_logs(&w.db, id, claimed.token, lines(lines_of)).await.unwrap();
            if cancel {
                executions::request_cancel(&w.db.org(w.org.id), id).await.unwrap();
            }
            executions::expired_leases(&w.db, bifrost_store::now()).await.unwrap();
        }
        let status = if cancel { Status::Cancelled } else { Status::Failed };
        assert_eq!(w.get(id).await.status, status);
        long.extend((lines_of == LONG_LINES).then_some(id));
    }
    // Cancelled between two attempts.
    let id = w.accept().await.id;
    let claimed = w.claim(id, 1, 0).await.unwrap();
    executions::append_logs(&w.db, id, claimed.token, lines(LONG_LINES)).await.unwrap();
    executions::expired_leases(&w.db, bifrost_store::now()).await.unwrap();
    executions::request_cancel(&w.db.org(w.org.id), id).await.unwrap();
    long.push(id);
    let found = archive::long_logs(&w.db, None, 10).await.unwrap();
    assert_eq!(found.iter().map(|log| log.execution).collect::<Vec<_>>(), long);
    assert_eq!(archive::long_logs(&w.db, Some(long[0]), 1).await.unwrap()[0].execution, long[1]);
}

async fn what_is_missing_is_gone(db: Db) {
    let w = World::new(db).await;
    let (objects, _alive) = stores().await.swap_remove(0);
    let objects = objects.as_ref();
    let id = ended(&w).await;
    let log = archive::long_logs(&w.db, None, 1).await.unwrap().remove(0);
    archive::archive(&w.db, objects, &log).await.unwrap();
    objects.delete(&keys(objects).await[0]).await.unwrap();
    let gone = executions::logs(&w.db.org(w.org.id), objects, id, 0, 10, None).await;
    assert!(matches!(gone, Err(Error::Gone("log"))), "{gone:?}");
}
