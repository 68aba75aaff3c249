//! Stands in for token endpoints.

use async_trait::async_trait;
use bifrost_core::ports::{Answer, Post, Web};
use bifrost_core::{Result, Scope};
use serde_json::{Value, json};
use std::sync::Mutex;

/// Answers every form with a token, and remembers what was asked.
#[derive(Default)]
pub struct FakeWeb {
    /// Who asked, where, and with what.
    pub asked: Mutex<Vec<(Scope, String, String)>>,
    /// What is answered instead, with its status.
    pub answer: Mutex<Option<(u16, Value)>>,
}

#[async_trait]
impl Web for FakeWeb {
    async fn post(&self, scope: Scope, form: Post) -> Result<Answer> {
        let number = {
            let mut asked = self.asked.lock().expect("not poisoned");
            asked.push((scope, form.url, form.body));
            asked.len()
        };
        let given = json!({
            "access_token": format!("access-{number}"), "token_type": "Bearer", "expires_in": 3_600,
            "refresh_token": format!("refresh-{number}"),
        });
        let (status, body) = self.answer.lock().expect("not poisoned").clone().unwrap_or((200, given));
        Ok(Answer { status, body: body.to_string().into_bytes() })
    }
}

/// Goes to token endpoints of this machine. What the platform's own way refuses is tested there.
pub struct RealWeb(pub reqwest::Client);

#[async_trait]
impl Web for RealWeb {
    async fn post(&self, _: Scope, form: Post) -> Result<Answer> {
        let mut request = self.0.post(form.url).header("content-type", form.content_type);
        for (name, value) in form.headers {
            request = request.header(name, value);
        }
        let answer = request.body(form.body).send().await.expect("an answer");
        Ok(Answer { status: answer.status().as_u16(), body: answer.bytes().await.expect("a body").to_vec() })
    }
}
