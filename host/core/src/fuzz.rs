//! Texts that people and guests may send at random: refused with a reason or understood, and
//! nothing panics or takes long.

use crate::egress::{matches_host, normal_host};
use crate::schedule::{self, Timetable};
use crate::{Filter, Mapping, Source, Where, WorkspaceReport, endpoint, files, retry};
use chrono::{DateTime, Utc};

/// A text and the rest of the bytes, parted at the first line end.
fn parted(bytes: &[u8]) -> (String, String) {
    let text = String::from_utf8_lossy(bytes);
    let (first, second) = text.split_once('\n').unwrap_or((&text, "UTC"));
    (first.to_owned(), second.to_owned())
}

#[test]
fn timetables() {
    let now: DateTime<Utc> = "2026-03-29T00:59:59Z".parse().expect("a time");
    bolero::check!().with_max_len(128).with_iterations(5_000).for_each(|bytes: &[u8]| {
        let (expression, zone) = parted(bytes);
        if let Ok(timetable) = Timetable::parse(&expression, &zone) {
            let times: Vec<_> = timetable.after(now).take(5).collect();
            assert!(times.iter().all(|time| *time > now) && times.is_sorted());
        }
        let _ = schedule::deferral(now, Some(&expression), None);
    });
}

#[test]
fn filters_and_mappings() {
    bolero::check!().with_max_len(512).with_iterations(20_000).for_each(|bytes: &[u8]| {
        let (first, second) = parted(bytes);
        let event: serde_json::Value = serde_json::from_str(&second).unwrap_or_default();
        if let Ok(filter) = serde_json::from_str::<Filter>(&first)
            && filter.check().is_ok()
        {
            let again: Filter = serde_json::from_value(serde_json::json!(filter)).expect("it was one");
            assert_eq!(filter.holds(&event), again.holds(&event));
        }
        if let Ok(mapping) = serde_json::from_str::<Mapping>(&first)
            && mapping.check().is_ok()
        {
            let parameters = mapping.apply(&event);
            assert!(parameters.keys().all(|name| mapping.0.contains_key(name)));
        }
    });
}

#[test]
fn queries() {
    bolero::check!().with_max_len(512).with_iterations(20_000).for_each(|bytes: &[u8]| {
        let (first, second) = parted(bytes);
        let filter: serde_json::Value = serde_json::from_str(&first).unwrap_or_default();
        let data: serde_json::Value = serde_json::from_str(&second).unwrap_or_default();
        if let (Ok(filter), Some(data)) = (Where::parse(filter.as_object()), data.as_object()) {
            filter.holds(data);
            let plain = |part: &String| part.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
            assert!(filter.conditions().iter().all(|(field, _)| field.parts().iter().all(plain)));
        }
    });
}

#[test]
fn names_of_files() {
    bolero::check!().with_max_len(128).with_iterations(20_000).for_each(|bytes: &[u8]| {
        let (path, content_type) = parted(bytes);
        if files::check_path(&path).is_ok() {
            let joined = std::path::Path::new("/root").join(&path);
            let plain =
                |part| matches!(part, std::path::Component::RootDir | std::path::Component::Normal(_));
            assert!(joined.starts_with("/root") && joined.components().all(plain), "{path:?}");
        }
        if let Ok(kind) = files::settle_type(Some(&content_type), bytes) {
            assert!(kind.is_ascii() && !kind.contains([' ', '\r', '\n', ';']), "{kind:?}");
        }
    });
}

#[test]
fn hosts() {
    bolero::check!().with_max_len(128).with_iterations(20_000).for_each(|bytes: &[u8]| {
        let (pattern, host) = parted(bytes);
        if let Some(normal) = normal_host(&host) {
            assert_eq!(normal_host(&normal).as_deref(), Some(normal.as_str()), "{host:?}");
            assert!(matches_host(&normal, &normal));
        }
        let _ = matches_host(&pattern, &host);
    });
}

#[test]
fn paths() {
    bolero::check!().with_max_len(128).with_iterations(20_000).for_each(|bytes: &[u8]| {
        let (path, _) = parted(bytes);
        let mut source = Source::default();
        if source.insert(path.clone(), vec![]).is_ok() {
            let joined = std::path::Path::new("/root").join(&path);
            let plain =
                |part| !matches!(part, std::path::Component::ParentDir | std::path::Component::CurDir);
            assert!(joined.starts_with("/root") && joined.components().all(plain), "{path:?}");
        }
    });
}

#[test]
fn reports_of_a_guest() {
    bolero::check!().with_max_len(2_048).with_iterations(20_000).for_each(|bytes: &[u8]| {
        if let Ok(mut report) = serde_json::from_slice::<WorkspaceReport>(bytes) {
            schedule::check(&mut report);
            retry::check(&mut report);
            endpoint::check(&mut report);
            let again = serde_json::to_vec(&report).expect("JSON");
            assert_eq!(serde_json::from_slice::<WorkspaceReport>(&again).expect("the same"), report);
        }
    });
}
