//! A message that an agent asks for, and its person with a telephone: shown, answered, and with the recipient.

use serde_json::{Value, json};
use testkit::{McpHttp, require_browser};

use crate::{
    sending::{dovecot, hosted, left, token},
    world::PASSWORD,
};

/// What alice's browser went through, how many messages left, and what the agent is told then.
fn answered(answer: &str, has_javascript: bool) -> Option<(Value, usize, String)> {
    let browser = require_browser()?;
    let dovecot = dovecot()?;
    let world = hosted(&dovecot);
    let bearer = token(&world, "Claude", &[]);
    let serving = world.serve();
    let mut agent = McpHttp::connect(serving.port, &bearer).unwrap();
    let wish = json!({
        "to": ["Bob <bob@example.org>", "a.very.long.address.that.does.not.fit@a-very-long-name-of-a-host.example.org"],
        "bcc": "carla@example.org", "subject": "Plans for May",
        "body": "Dear Bob,\n\nhere **they** are.\n\n- one\n- two", "attachments": [{"name": "plan.txt", "base64": "dGhlIHBsYW4="}],
    });
    let asked = agent.call("mail_send", &wish).unwrap();
    let approval = asked.structured()["approval"]["id"].clone();
    let wanted = json!({
        "origin": format!("http://localhost:{}", serving.port), "user": "alice", "password": PASSWORD,
        "subject": "Plans for May", "answer": answer, "has_javascript": has_javascript, "shots": super::survey::shots(),
    });
    let walked = browser.run("approve", &wanted).unwrap_or_else(|error| panic!("{error}\n{}", serving.log()));
    let told = agent.call("mail_send", &json!({ "approval_id": approval }));
    let status = told.map_or_else(
        |error| error.to_string(),
        |told| told.structured()["status"].as_str().unwrap_or_default().to_owned(),
    );
    Some((walked, left(&dovecot).len(), status))
}

#[track_caller]
fn assert_sound(walked: &Value) {
    assert_eq!(walked["faults"], json!([]), "{walked}");
    assert_eq!(walked["violations"], json!([]), "{walked}");
    assert_eq!((&walked["cut"], &walked["wide"]), (&json!([]), &json!(0)), "{walked}");
    assert_eq!(walked["reach"], json!({ "all": 3, "seen": 3 }), "{walked}");
    let letter = walked["letter"].as_str().unwrap();
    for word in
        ["bob@example.org", "carla@example.org", "new: you never wrote to them", "Plans for May", "plan.txt"]
    {
        assert!(letter.contains(word), "{word}: {letter}");
    }
    assert!(walked["frame"].as_str().unwrap().contains("here they are"), "{walked}");
    assert!(walked["count"].as_str().unwrap().contains('1'), "{walked}");
    assert!(walked["actions"].as_array().unwrap().len() <= 3, "{walked}");
}

#[test]
fn on_a_telephone_a_message_is_read_approved_in_one_tap_and_arrives() {
    let Some((walked, left, status)) = answered("Send it", true) else { return };
    assert_sound(&walked);
    assert!(walked["said"].as_str().unwrap().contains("it was sent"), "{walked}");
    assert_eq!((left, &*status), (1, "sent"));
}

#[test]
fn the_same_without_scripts() {
    let Some((walked, left, status)) = answered("Send it", false) else { return };
    assert_sound(&walked);
    assert_eq!((left, &*status), (1, "sent"));
}

#[test]
fn on_a_telephone_a_message_is_denied() {
    let Some((walked, left, status)) = answered("Don’t send", true) else { return };
    assert_sound(&walked);
    assert!(walked["said"].as_str().unwrap().contains("You said no"), "{walked}");
    assert_eq!((left, &*status), (0, "denied"));
}

#[test]
fn on_a_telephone_a_message_is_denied_and_its_agent_paused() {
    let Some((walked, left, status)) = answered("Don’t send, pause agent", true) else { return };
    assert_sound(&walked);
    assert!(walked["said"].as_str().unwrap().contains("The agent is paused"), "{walked}");
    assert_eq!(left, 0);
    assert_ne!(status, "sent");
}
