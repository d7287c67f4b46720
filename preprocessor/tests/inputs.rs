//! Files that a tutorial takes from outside: from the cache, an upstream directory, by curl; always the pinned bytes.
#![expect(clippy::unwrap_used, reason = "a test that can't go on panics")]
#![cfg(unix)]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::PathBuf;

use mdbook_twin::diagnostic::Position;
use mdbook_twin::tutorial::{Input, InputSource};
use mdbook_twin::upstream::{self, PinError, Places, Reach, sha256};

const DISK: &str = "a disk\n";

struct World {
    folder: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("disk.img"), DISK).unwrap();
        Self { folder }
    }

    fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    fn places(&self) -> Places {
        Places {
            cache: self.path("cache"),
            dirs: vec![self.path("dirs")],
        }
    }

    fn input(&self) -> Input {
        input(&format!("file://{}", self.path("disk.img").display()))
    }

    fn get(&self, input: &Input, reach: Reach) -> Result<PathBuf, PinError> {
        upstream::input(&self.places(), input, reach)
    }

    fn nothing_is_cached(&self) {
        let files = fs::read_dir(self.path("cache/inputs"));
        assert_eq!(files.map(Iterator::count).unwrap_or_default(), 0);
    }
}

fn input(url: &str) -> Input {
    Input {
        source: InputSource::File {
            url: url.to_owned(),
            sha256: sha256(DISK.as_bytes()),
        },
        host: 0,
        path: "disk.img".to_owned(),
        at: Position {
            path: "tutorials/x.yaml".into(),
            line: 4,
            column: 5,
        },
    }
}

/// A server that answers one request with this, whatever was asked.
fn answering(answer: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/disk.img", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
        while lines
            .next()
            .is_some_and(|line| line.is_ok_and(|line| !line.is_empty()))
        {}
        stream.write_all(answer.as_bytes()).unwrap();
    });
    url
}

#[test]
fn curl_brings_it_and_the_cache_keeps_it() {
    let world = World::new();
    let input = world.input();
    let unreachable = world.get(&input, Reach::Machine);
    assert!(matches!(unreachable, Err(PinError::Unreachable { .. })));
    let got = world.get(&input, Reach::Network).unwrap();
    assert_eq!(fs::read_to_string(&got).unwrap(), DISK);
    fs::remove_file(world.path("disk.img")).unwrap();
    assert_eq!(world.get(&input, Reach::Machine).unwrap(), got);
}

#[test]
fn a_web_server_is_asked_once() {
    let world = World::new();
    let length = DISK.len();
    let url = answering(format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{DISK}"
    ));
    let got = world.get(&input(&url), Reach::Network).unwrap();
    assert_eq!(world.get(&input(&url), Reach::Network).unwrap(), got);
}

#[test]
fn other_bytes_are_an_error_that_names_both_hashes_and_the_line() {
    let world = World::new();
    fs::write(world.path("disk.img"), "another\n").unwrap();
    let error = world.get(&world.input(), Reach::Network).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "tutorials/x.yaml:4:5: file://{} does not give the pinned file: its sha256 is {}, the spec says {}",
            world.path("disk.img").display(),
            sha256(b"another\n"),
            sha256(DISK.as_bytes())
        )
    );
    world.nothing_is_cached();
}

#[test]
fn a_damaged_cache_is_not_believed() {
    let world = World::new();
    let got = world.get(&world.input(), Reach::Network).unwrap();
    fs::write(&got, "another\n").unwrap();
    assert_eq!(world.get(&world.input(), Reach::Network).unwrap(), got);
    assert_eq!(fs::read_to_string(&got).unwrap(), DISK);
}

#[test]
fn an_upstream_directory_comes_before_curl_and_is_checked() {
    let world = World::new();
    let input = input("http://127.0.0.1:1/disk.img");
    let vendored = world.path("dirs/inputs").join(sha256(DISK.as_bytes()));
    fs::create_dir_all(world.path("dirs/inputs")).unwrap();
    fs::write(&vendored, DISK).unwrap();
    assert_eq!(world.get(&input, Reach::Machine).unwrap(), vendored);
    fs::write(&vendored, "another\n").unwrap();
    let error = world.get(&input, Reach::Machine).unwrap_err();
    assert!(matches!(error, PinError::InputDiffers { .. }), "{error}");
}

#[test]
fn vendoring_writes_what_stands_in() {
    let world = World::new();
    let input = world.input();
    let written = upstream::vendor_input(&world.places(), &input, &world.path("dirs")).unwrap();
    fs::remove_dir_all(world.path("cache")).unwrap();
    assert_eq!(Some(world.get(&input, Reach::Machine).unwrap()), written);
}

#[test]
fn what_a_server_does_not_have_can_t_be_reached() {
    let world = World::new();
    let url = answering("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_owned());
    let error = world.get(&input(&url), Reach::Network).unwrap_err();
    assert!(matches!(error, PinError::Unreachable { .. }));
    let text = error.to_string();
    assert!(
        text.starts_with(&format!("{url} could not be reached: (22) ")),
        "{text}"
    );
    world.nothing_is_cached();
}

#[test]
fn a_redirection_to_a_file_of_this_machine_is_not_followed() {
    let world = World::new();
    let file = world.path("disk.img");
    let url = answering(format!(
        "HTTP/1.1 302 Found\r\nLocation: file://{}\r\nContent-Length: 0\r\n\r\n",
        file.display()
    ));
    let error = world.get(&input(&url), Reach::Network).unwrap_err();
    assert!(matches!(error, PinError::Unreachable { .. }), "{error}");
    world.nothing_is_cached();
}
