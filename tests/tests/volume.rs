//! Volumes at full size on one server, while a neighbour goes on undisturbed.

use bifrost_tests::Platform;
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What all processes may take together, in MiB, whatever runs do: two that use their
/// memory limit of 256 MiB each, and the platform.
const MEMORY_MIB: u64 = 1_200;
const PATIENCE: Duration = Duration::from_secs(300);

/// Runs one after the other beside what is tested, until it is told to stop.
struct Neighbour {
    stop: Arc<AtomicBool>,
    runs: tokio::task::JoinHandle<u64>,
    most: Arc<AtomicU64>,
}

impl Neighbour {
    fn start(platform: Arc<Platform>) -> Self {
        let (stop, most) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (stopped, memory) = (stop.clone(), most.clone());
        let runs = tokio::spawn(async move {
            let mut runs = 0;
            while !stopped.load(Ordering::Relaxed) {
                let began = Instant::now();
                let body = json!({"workflow_id": "beat", "input_data": {"times": 2}, "sync": true});
                let (status, answer) = platform.post("/api/workflows/execute", &body).await;
                assert_eq!((status, &answer["result"]), (StatusCode::OK, &json!(2)), "{answer}");
                assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
                memory.fetch_max(platform.memory_mib(), Ordering::Relaxed);
                runs += 1;
            }
            runs
        });
        Self { stop, runs, most }
    }

    /// What all processes took at most, in MiB.
    async fn stop(self, what: &str) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        let runs = self.runs.await.expect("the neighbour was not disturbed");
        assert!(runs > 0, "{what}: no neighbour ran");
        let most = self.most.load(Ordering::Relaxed);
        println!("{what}: {most} MiB at most; {runs} runs of the neighbour");
        most
    }
}

struct Case {
    platform: Arc<Platform>,
    neighbour: Neighbour,
}

impl Case {
    async fn begin() -> Self {
        let platform = Platform::start(env!("CARGO_TARGET_TMPDIR"), "full_size").await.expect("starts");
        let platform = Arc::new(platform);
        Self { neighbour: Neighbour::start(platform.clone()), platform }
    }

    async fn run(&self, workflow: &str, input: Value) -> Value {
        let began = Instant::now();
        let id = self.platform.submit(workflow, input).await;
        let execution = self.platform.ended(&id, PATIENCE).await;
        println!("{workflow}: {} in {:.1?}", execution["status"], began.elapsed());
        execution
    }

    /// The run has reached this limit.
    async fn limit(&self, workflow: &str, input: Value, limits: &[&str]) -> Value {
        let execution = self.run(workflow, input).await;
        let error = execution["error_type"].as_str().unwrap_or_default();
        assert_eq!(execution["status"], "Failed", "{execution}");
        assert!(limits.contains(&error), "{execution}");
        execution
    }

    /// The run has succeeded; its result.
    async fn value(&self, workflow: &str, input: Value) -> Value {
        let execution = self.run(workflow, input).await;
        assert_eq!(execution["status"], "Success", "{execution}");
        let id = execution["execution_id"].as_str().expect("id");
        self.platform.get(&format!("/api/executions/{id}/result")).await["result"].clone()
    }

    /// All pages of a run's log.
    async fn log(&self, execution: &Value) -> Vec<Value> {
        let id = execution["execution_id"].as_str().expect("id");
        let (mut lines, mut after) = (vec![], 0);
        loop {
            let page =
                self.platform.get(&format!("/api/executions/{id}/logs?after={after}&limit=5000")).await;
            lines.extend(page["logs"].as_array().expect("lines").iter().cloned());
            after = page["next"].as_i64().expect("next");
            if page["complete"] == true {
                return lines;
            }
        }
    }

    async fn end(self, what: &str) {
        let most = self.neighbour.stop(what).await;
        assert!(most <= MEMORY_MIB, "{what}: {most} MiB");
    }
}

#[tokio::test]
async fn logs() {
    let case = Case::begin().await;
    let full = case.limit("log_gigabyte", json!({}), &["limit_exceeded:log_bytes"]).await;
    let bytes: usize = case.log(&full).await.iter().map(|l| l["message"].as_str().map_or(0, str::len)).sum();
    assert!((9 << 20..=10 << 20).contains(&bytes), "{bytes}");

    assert_eq!(case.value("log_line", json!({})).await, 64 << 20);

    let many = case.run("log_lines", json!({"count": 300_000})).await;
    assert_eq!(many["status"], "Success", "{many}");
    let lines = case.log(&many).await;
    assert_eq!(lines.len(), 300_000);
    for (number, line) in lines.iter().enumerate() {
        assert_eq!(line["sequence"], number + 1);
        assert_eq!(line["message"], number.to_string());
    }
    case.end("logs").await;
}

#[tokio::test]
async fn results_and_tasks() {
    let case = Case::begin().await;
    let too_much = ["limit_exceeded:memory_bytes", "limit_exceeded:result_bytes"];
    case.limit("result", json!({}), &too_much).await;
    case.limit("result_of_parts", json!({}), &too_much).await;
    case.limit("result", json!({"size": 9 << 20}), &["limit_exceeded:result_bytes"]).await;
    let most = (8 << 20) - 2;
    assert_eq!(case.value("result", json!({"size": most})).await.as_str().map(str::len), Some(most));
    assert_eq!(case.value("tasks", json!({"count": 100_000})).await, json!({"count": 100_000}));
    case.end("results and tasks").await;
}

#[tokio::test]
async fn parameters() {
    let case = Case::begin().await;
    let body = |size: usize| json!({"workflow_id": "measure", "input_data": {"text": "p".repeat(size)}});
    for size in [3_u64 << 20, 1 << 30] {
        let answer = case.platform.announce("/api/workflows/execute", size, 2 << 20).await;
        let (head, problem) = answer.split_once("\r\n\r\n").expect("head and body");
        assert!(head.starts_with("HTTP/1.1 413"), "{answer}");
        let start = problem.find('{').expect("an object");
        let end = problem.rfind('}').expect("an object");
        let problem: Value = serde_json::from_str(&problem[start..=end]).expect("JSON");
        assert_eq!(
            (&problem["status"], &problem["code"]),
            (&json!(413), &json!("body_too_large")),
            "{problem}"
        );
    }
    // Within the body's limit, beyond the parameters'.
    let (status, problem) = case.platform.post("/api/workflows/execute", &body(1 << 20)).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
    let most = (1 << 20) - r#"{"text":""}"#.len();
    assert_eq!(case.value("measure", json!({"text": "p".repeat(most)})).await, most);
    case.end("parameters").await;
}
