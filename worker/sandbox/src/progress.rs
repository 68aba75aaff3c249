//! What a build is at, so that a file that takes too long is known by its name.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Where a build stands: the file being imported, and since when.
#[derive(Clone, Default)]
pub(crate) struct Progress(Arc<Mutex<Option<Stand>>>);

#[derive(Clone)]
struct Stand {
    path: String,
    since: Instant,
    /// While something is compiled that is kept: once for everybody, so no part of the file's time.
    compiling: Option<Instant>,
}

impl Progress {
    /// The file, and how long importing it has taken.
    pub fn current(&self) -> Option<(String, Duration)> {
        let stand = self.0.lock().ok()?.clone()?;
        let now = stand.compiling.unwrap_or_else(Instant::now);
        Some((stand.path, now.saturating_duration_since(stand.since)))
    }

    /// Importing this file begins.
    pub fn begin(&self, path: String) {
        if let Ok(mut stand) = self.0.lock() {
            *stand = Some(Stand { path, since: Instant::now(), compiling: None });
        }
    }

    /// From here on the time is not the file's, until [`Self::go_on`].
    pub fn pause(&self) {
        if let Ok(mut stand) = self.0.lock()
            && let Some(stand) = stand.as_mut()
        {
            stand.compiling = Some(Instant::now());
        }
    }

    /// Ends what [`Self::pause`] began.
    pub fn go_on(&self) {
        if let Ok(mut stand) = self.0.lock()
            && let Some(stand) = stand.as_mut()
            && let Some(began) = stand.compiling.take()
        {
            stand.since += began.elapsed();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_compiled_once_for_everybody_is_no_part_of_a_files_time() {
        let progress = Progress::default();
        assert!(progress.current().is_none());
        progress.begin("flow.py".to_owned());
        progress.pause();
        let before = progress.current().expect("a file").1;
        std::thread::sleep(Duration::from_millis(60));
        let (path, taken) = progress.current().expect("a file");
        assert_eq!((path.as_str(), taken), ("flow.py", before), "it stands still");
        progress.go_on();
        let taken = progress.current().expect("a file").1;
        assert!(taken < before + Duration::from_millis(50), "{taken:?}");
        std::thread::sleep(Duration::from_millis(20));
        assert!(progress.current().expect("a file").1 >= taken + Duration::from_millis(20));
    }
}
