//! What is large of runs goes to the object store and comes back, with files in the data
//! folder and with S3: nobody who uses the API can tell.

use bifrost_test_services::s3;
use bifrost_tests::Platform;
use reqwest::StatusCode;
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Row};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const TEMPORARY: &str = env!("CARGO_TARGET_TMPDIR");
const PATIENCE: Duration = Duration::from_secs(60);

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// A platform, and the folder in which objects of runs end up.
struct World {
    platform: Platform,
    objects: PathBuf,
}

impl World {
    /// Asks the database behind the platform's back.
    async fn number(&self, sql: &str) -> i64 {
        let file = self.platform.data().join("bifrost.db");
        let mut database =
            SqliteConnectOptions::new().filename(file).read_only(true).connect().await.expect("the database");
        sqlx::query(sql).fetch_one(&mut database).await.expect("a row").get(0)
    }

    /// How many objects of a kind there are.
    fn objects(&self, kind: &str) -> usize {
        let is_it = |path: &PathBuf| path.file_name().is_some_and(|n| n.to_string_lossy().starts_with(kind));
        files(&self.objects).iter().filter(|path| is_it(path)).count()
    }

    async fn sync(&self, workflow: &str, input: Value) -> Value {
        let body = json!({"workflow_id": workflow, "input_data": input, "sync": true});
        let (status, answer) = self.platform.post("/api/workflows/execute", &body).await;
        assert_eq!((status, &answer["status"]), (StatusCode::OK, &json!("Success")));
        answer
    }

    async fn log(&self, id: &str) -> Vec<Value> {
        let (mut lines, mut after) = (vec![], 0);
        loop {
            let page = self.platform.get(&format!("/api/executions/{id}/logs?after={after}&limit=700")).await;
            lines.extend(page["logs"].as_array().expect("lines").iter().cloned());
            after = page["next"].as_i64().expect("next");
            if page["complete"] == true {
                return lines;
            }
        }
    }

    async fn results_and_parameters(&self) {
        let size = 1 << 20;
        let answer = self.sync("result", json!({"size": size})).await;
        assert!(answer["result"].as_str() == Some(&"r".repeat(size)), "whole, in the answer");
        let path = format!("/api/executions/{}", answer["execution_id"].as_str().expect("id"));
        for path in [path.clone(), format!("{path}/result")] {
            assert!(self.platform.get(&path).await["result"] == answer["result"], "{path}");
        }
        assert_eq!(self.objects("result"), 1);

        let answer = self.sync("measure", json!({"text": "p".repeat(size / 2)})).await;
        assert_eq!(answer["result"], size / 2);
        let path = format!("/api/executions/{}/rerun", answer["execution_id"].as_str().expect("id"));
        let (status, again) = self.platform.post(&path, &json!({})).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{again}");
        let again = self.platform.ended(again["execution_id"].as_str().expect("id"), PATIENCE).await;
        assert_eq!((&again["status"], &again["result"]), (&json!("Success"), &json!(size / 2)));
        assert_eq!(self.objects("parameters"), 2);

        let widest = "SELECT MAX(length(parameters) + COALESCE(length(result), 0)) FROM executions";
        let widest = self.number(widest).await;
        assert!(widest < 1_000, "{widest} bytes are in a row");
    }

    async fn log_becomes_an_object(&self) {
        let id = self.platform.submit("log_lines", json!({"count": 5_000})).await;
        assert_eq!(self.platform.ended(&id, PATIENCE).await["status"], "Success");
        let lines = self.log(&id).await;
        assert_eq!(lines.len(), 5_000);
        let deadline = Instant::now() + PATIENCE;
        while self.number("SELECT COUNT(*) FROM execution_logs").await > 0 {
            assert!(Instant::now() < deadline, "its lines stay rows");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert!(self.log(&id).await == lines, "every page is what it was");
    }

    async fn lost_parameters_end_the_run(&self) {
        let input = json!({"text": "p".repeat(100_000)});
        let body = json!({"workflow_id": "measure", "input_data": input, "delay_seconds": 1});
        let (status, answer) = self.platform.post("/api/workflows/execute", &body).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{answer}");
        let id = answer["execution_id"].as_str().expect("id");
        let lost: Vec<_> =
            files(&self.objects).into_iter().filter(|path| path.to_string_lossy().contains(id)).collect();
        assert_eq!(lost.len(), 1);
        std::fs::remove_file(&lost[0]).expect("removed");
        let execution = self.platform.ended(id, PATIENCE).await;
        assert_eq!(
            (&execution["status"], &execution["error_type"]),
            (&json!("Failed"), &json!("platform_error"))
        );
        assert_eq!(execution["error"], "the parameters of this run cannot be had any more");
        assert_eq!(execution["missing"], json!(["parameters"]));
    }

    async fn everything(&self) {
        self.results_and_parameters().await;
        self.log_becomes_an_object().await;
        self.lost_parameters_end_the_run().await;
    }
}

#[tokio::test]
async fn in_the_data_folder() {
    let platform = Platform::start(TEMPORARY, "full_size").await.expect("starts");
    let objects = platform.data().join("objects/executions");
    World { platform, objects }.everything().await;
}

#[tokio::test]
async fn in_s3() {
    let server = s3::Server::start().expect("a server");
    let configure = |command: &mut std::process::Command| {
        command.envs(s3::variables(server.address()));
    };
    let platform = Platform::configure(TEMPORARY, "full_size", configure).await.expect("starts");
    let objects = server.bucket().join("executions");
    World { platform, objects }.everything().await;
}
