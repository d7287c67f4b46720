//! `verify --report json=FILE`: what a program reads is what a person is told.

use serde_json::{Value, json};

use crate::GREETING;
use crate::world::World;

const WRONG: &str = "title: A wrong one
steps:
  - id: first
    run: echo 1 of 3
    expect: \"{{int}} of 4\"
  - id: second
    run: echo two
    expect: three
";

fn book() -> World {
    let world = World::new();
    world.tutorial("greeting", GREETING);
    world.tutorial("wrong", WRONG);
    world.twin(&["record", "--runs", "1", "greeting"]).expect(0);
    world
}

#[test]
fn all_that_is_wrong_is_in_the_report() {
    let world = book();
    world.write("book/tutorials/broken.yaml", "title: 1\nsteps: [{}]\n");
    world
        .twin(&["verify", "--report", "json=report.json"])
        .expect(2)
        .says(&["not as expected either: step `second`"]);
    let report: Value = serde_json::from_str(&world.read("book/report.json")).expect("JSON");
    assert_eq!(report["exit_code"], 2);
    let all = report["tutorials"].as_array().expect("tutorials");
    let of = |key: &str| all.iter().map(|it| it[key].clone()).collect::<Vec<_>>();
    assert_eq!(of("name"), ["broken", "greeting", "wrong"]);
    assert_eq!(of("verdict"), ["mistakes", "verified", "failed"]);
    assert_eq!(of("by")[1], "run");
    assert_eq!(all[0]["mistakes"][0]["at"]["file"], "tutorials/broken.yaml");
    let failed = &all[2]["failed"];
    assert_eq!(
        failed[0]["expected_at"],
        json!({"file": "tutorials/wrong.yaml", "line": 5, "column": 13})
    );
    assert_eq!(
        failed[0]["diff"]["lines"],
        json!([
            {"kind": "missing", "parts": [
                {"text": "{{int}}", "varies": true},
                {"text": " of "},
                {"text": "4", "differs": true},
            ]},
            {"kind": "extra", "parts": [{"text": "1 of "}, {"text": "3", "differs": true}]},
        ])
    );
    assert_eq!(
        (&failed[1]["step"], &failed[2]),
        (&json!("second"), &Value::Null)
    );
}

#[test]
fn a_report_that_can_not_be_made_is_a_mistake() {
    let world = book();
    let verify = ["verify", "greeting", "--report"];
    let with = |report: &[&'static str]| world.twin(&[&verify[..], report].concat());
    with(&["json"])
        .expect(2)
        .says(&["expected KIND=FILE, where KIND is json"]);
    with(&["json=no/such/folder.json"])
        .expect(2)
        .says(&["error: the report no/such/folder.json: "]);
    with(&["json=a.json", "--keep"]).expect(2).says(&["--keep"]);
    assert!(!world.path("book/a.json").exists());
}

#[test]
fn a_flood_is_recorded_with_a_gap_that_the_page_tells_of() {
    let world = World::new();
    world.tutorial("flood", "title: A flood\nsteps:\n  - run: seq 2000000\n");
    world.twin(&["record", "--runs", "1", "flood"]).expect(0);
    let transcript = world.read("book/tutorials/flood.transcript.yaml");
    assert!(transcript.len() < 2_000_000 && transcript.contains("      ...\n      "));
    world.twin(&["verify", "flood"]).expect(0);
    world.twin(&["build", "--execute", "always"]).expect(0);
    let page = world.read("book/book/chapter.html");
    let note = regex::Regex::new("… [0-9]{8} bytes are left out …").expect("a pattern");
    assert!(note.is_match(&page), "the page does not tell it");
    world.tutorial(
        "flood",
        "title: A flood\nsteps:\n  - run: yes\n    timeout: 1s\n",
    );
    world.twin(&["record", "flood"]).expect(1).says(&[
        "no end after 1 s while waiting for the command's end",
        "    | y\n",
        "bytes",
    ]);
}
