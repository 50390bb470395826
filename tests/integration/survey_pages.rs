//! The surveys as pages: without a script, with a name for each field, and with a token that no address holds.

use quintant_tests::{Asking, Served};

async fn page(served: &Served, path: &str, form: Option<String>) -> (u16, String, String) {
    let client = reqwest::Client::new();
    let request = match form {
        None => client.get(served.url(path)),
        Some(form) => {
            client.post(served.url(path)).header("content-type", "application/x-www-form-urlencoded").body(form)
        }
    };
    let response = request.send().await.unwrap();
    let header =
        |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
    let (status, policy) = (response.status().as_u16(), header("content-security-policy"));
    assert!(status == 404 || header("content-type") == "text/html; charset=utf-8", "{path}");
    assert!(status == 404 || (header("cache-control") == "no-store" && header("referrer-policy") == "no-referrer"));
    (status, policy, response.text().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn people_answer_on_a_page_without_a_script() {
    let asking = Asking::start("").await;
    let token = asking.tokens(asking.open("pulse")("amber"), 1).remove(0);
    let served = asking.serve().await;
    for name in ["pulse", "nps", "annual"] {
        let (status, policy, text) = page(&served, &format!("/surveys/{name}"), None).await;
        assert_eq!(status, 200);
        assert!(
            policy.starts_with("default-src 'none'; style-src 'sha256-") && policy.contains("form-action 'self'"),
            "{policy}"
        );
        assert!(!text.contains("<script") && !text.contains("onclick") && !text.contains("http"), "{name}");
        assert!(
            text.contains("method=\"post\"")
                && text.contains("<html lang=\"en\">")
                && text.contains("prefers-color-scheme: dark")
        );
        let typed: Vec<&str> = text.split("<input id=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        assert!(typed.contains(&"token"), "{typed:?}");
        for input in typed {
            assert!(text.contains(&format!("<label for=\"{input}\">")), "`{input}` has no label");
            assert!(text.contains(&format!("id=\"{input}-hint\"")), "`{input}` has no hint");
        }
    }
    for path in ["/surveys/other", "/surveys/other/thanks"] {
        assert_eq!(page(&served, path, None).await.0, 404);
    }

    let form = |flow: &str| {
        format!("valuable_work_percentage=70&flow_state_days={flow}&cognitive_load=3&context_switches=&token={token}")
    };
    // What was sent is followed by a page to read, whose address holds a code and no answer.
    let (status, _, text) = page(&served, "/surveys/pulse", Some(form("8"))).await;
    assert!(
        status == 200
            && text.contains("id=\"flow_state_days-wrong\">Give a number from 0 to 7.</span>")
            && text.contains(
                "aria-describedby=\"flow_state_days-hint flow_state_days-wrong\" aria-invalid=\"true\" autofocus"
            ),
        "{text}"
    );
    assert!(!text.contains(&token), "what was typed comes back");
    let (status, _, text) = page(&served, "/surveys/pulse", Some(form("2.5"))).await;
    assert!(status == 200 && text.contains("role=\"status\""), "{text}");
    let (_, _, text) = page(&served, "/surveys/pulse", Some(form("2.5"))).await;
    assert!(text.contains("id=\"token-wrong\">This token was used already."), "{text}");
    let (status, _, text) =
        page(&served, &format!("/surveys/pulse?token={token}"), Some("cognitive_load=3".to_owned())).await;
    assert!(status == 200 && text.contains("aria-invalid=\"true\"") && !text.contains(&token), "{text}");
    let (status, _, text) = page(&served, "/surveys/pulse", Some(format!("{}&author=dev-001", form("2.5")))).await;
    assert!(status == 422 && text.contains("role=\"alert\">Nothing was taken: there is a field"), "{text}");
    for strange in
        ["wrong=internal&field=token", "wrong=bad_field&field=token", "wrong=token_used&field=%3Cscript", "wrong"]
    {
        let (status, _, text) = page(&served, &format!("/surveys/pulse?{strange}"), None).await;
        assert!(status == 200 && !text.contains("aria-invalid=") && !text.contains("<script"), "{strange}: {text}");
    }
    assert_eq!(asking.host.database.count("SELECT count(*) FROM app.survey_answer").await, 1);
    served.stop().await;
    asking.host.finish().await;
}
