//! Upstream's tree at a commit: what is in the folder, what never gets there, and what is left when nobody is looking.
//! The repositories are made here by git, the hostile ones object by object.
#![expect(clippy::unwrap_used, reason = "a test that can't go on panics")]
#![cfg(unix)]

mod repository;

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::process::{Command, Stdio};
use std::time::Duration;

use mdbook_twin::upstream::{self, PinError, Reach};
use repository::{World, listing};

#[test]
fn the_folder_has_the_bytes_of_the_commit_and_nothing_else() {
    let world = World::new();
    world.write("README.md", "# Lamp\n");
    world.write("src/lamp.c", "int main;\n");
    world.write("secret.txt", "not for archives\n");
    world.write("dos.txt", "one\ntwo\n");
    world.write("$Id.txt", "$Id$\n");
    world.write("run.sh", "#!/bin/sh\n");
    fs::set_permissions(
        world.work().join("run.sh"),
        PermissionsExt::from_mode(0o4755),
    )
    .unwrap();
    // A filter of the reader's (below), what `git archive` leaves out, line ends and keywords that a checkout changes.
    let attributes =
        "*.c filter=evil\nsecret.txt export-ignore\ndos.txt text eol=crlf\n*Id.txt ident\n";
    world.write(".gitattributes", attributes);
    symlink("/etc", world.work().join("etc")).unwrap();
    symlink("../..", world.work().join("up")).unwrap();
    let witness = world.folder.path().join("witness");
    let hook = format!("#!/bin/sh\ntouch {}\n", witness.display());
    for name in [
        "post-checkout",
        "post-index-change",
        "reference-transaction",
        "post-merge",
    ] {
        let path = format!(".git/hooks/{name}");
        world.write(&path, &hook);
        fs::set_permissions(world.work().join(path), PermissionsExt::from_mode(0o755)).unwrap();
    }
    let commit = world.commit();
    let _ = fs::remove_file(&witness);
    let folder = world.checkout(&commit).unwrap();
    assert_eq!(
        listing(&folder),
        format!(
            "$Id.txt 644 \"$Id$\\n\"\n.gitattributes 644 {attributes:?}\nREADME.md 644 \"# Lamp\\n\"\n\
             dos.txt 644 \"one\\ntwo\\n\"\netc -> /etc\nrun.sh 755 \"#!/bin/sh\\n\"\n\
             secret.txt 644 \"not for archives\\n\"\nsrc/ 755\nsrc/lamp.c 644 \"int main;\\n\"\nup -> ../..\n"
        )
    );
    assert!(!witness.exists(), "a hook ran");
}

#[test]
fn a_submodule_is_an_empty_folder() {
    let world = World::new();
    world.write(
        ".gitmodules",
        "[submodule \"x\"]\n\tpath = deep/x\n\turl = ext::sh -c :\n",
    );
    world.git(&["add", "--all"], b"");
    let link = format!("160000,{},deep/x", "1".repeat(40));
    world.git(&["update-index", "--add", "--cacheinfo", &link], b"");
    world.git(&["commit", "--quiet", "--message=a lamp"], b"");
    let folder = world
        .checkout(&world.git(&["rev-parse", "HEAD"], b""))
        .unwrap();
    let lines = listing(&folder);
    assert!(lines.ends_with("deep/ 755\ndeep/x/ 755\n"), "{lines}");
}

#[test]
fn names_are_bytes() {
    let world = World::new();
    let names: [&[u8]; 5] = [
        b"two\nlines",
        b"tab\there",
        b"-rf",
        b"\xff\xfe",
        b"quote\"\\",
    ];
    for name in names {
        fs::write(world.work().join(OsString::from_vec(name.to_vec())), name).unwrap();
    }
    let folder = world.checkout(&world.commit()).unwrap();
    for name in names {
        let path = folder.join(OsString::from_vec(name.to_vec()));
        assert_eq!(fs::read(path).unwrap(), name);
    }
    assert_eq!(fs::read_dir(&folder).unwrap().count(), names.len());
}

#[test]
fn a_path_that_leads_out_is_refused() {
    let world = World::new();
    let file = world.blob("x\n");
    let inner = world.tree(&[("100644", "escaped", &file)]);
    for (name, why) in [
        ("..", "`../escaped` has the part `..`"),
        (".", "`./escaped` has the part `.`"),
        (".git", "`.git/escaped` has the part `.git`"),
        (".GIT", "`.GIT/escaped` has the part `.GIT`"),
        ("git~1", "`git~1/escaped` has the part `git~1`"),
    ] {
        let commit = world.commit_of(&world.tree(&[("40000", name, &inner)]));
        assert_eq!(world.refusal(&commit), why);
    }
    // One name with slashes in it, which git's own listing can't tell from folders.
    let commit = world.commit_of(&world.tree(&[("100644", "../../escaped", &file)]));
    assert_eq!(world.refusal(&commit), "`../../escaped` has the part `..`");
    let commit = world.commit_of(&world.tree(&[("100644", "/tmp/escaped", &file)]));
    assert_eq!(world.refusal(&commit), "`/tmp/escaped` has an empty part");
    assert!(!world.folder.path().join("escaped").exists());
}

#[test]
fn hooks_in_the_tree_are_refused() {
    let world = World::new();
    let hook = world.blob("#!/bin/sh\ntouch /tmp/escaped\n");
    let hooks = world.tree(&[("100755", "post-checkout", &hook)]);
    let git = world.tree(&[("40000", "hooks", &hooks)]);
    let commit = world.commit_of(&world.tree(&[("40000", ".git", &git)]));
    let why = "`.git/hooks/post-checkout` has the part `.git`";
    assert_eq!(world.refusal(&commit), why);
}

#[test]
fn nothing_is_written_through_a_link_of_the_tree() {
    let world = World::new();
    let outside = world.folder.path().join("outside");
    fs::create_dir(&outside).unwrap();
    let link = world.blob(outside.to_str().unwrap());
    let inner = world.tree(&[("100644", "x", &world.blob("x\n"))]);
    let tree = world.tree(&[("120000", "a", &link), ("40000", "a", &inner)]);
    let why = "`a/x` leads through `a`, which is no folder";
    assert_eq!(world.refusal(&world.commit_of(&tree)), why);
    let tree = world.tree(&[("120000", "a", &link), ("100644", "a", &link)]);
    assert_eq!(world.refusal(&world.commit_of(&tree)), "`a` is there twice");
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
}

#[test]
fn a_bomb_of_trees_is_refused() {
    let world = World::new();
    let file = world.blob("boom\n");
    let names: Vec<String> = (0..20).map(|n| format!("d{n:02}")).collect();
    let level = |mode: &str, below: &str| {
        let entries: Vec<_> = names
            .iter()
            .map(|name| (mode, name.as_str(), below))
            .collect();
        world.tree(&entries)
    };
    let mut tree = level("100644", &file);
    for _ in 0..10 {
        tree = level("40000", &tree);
    }
    let why = "it has more than 100000 files";
    assert_eq!(world.refusal(&world.commit_of(&tree)), why);
}

#[test]
fn a_link_that_the_kernel_refuses_is_an_error_that_names_it() {
    let world = World::new();
    let link = world.git(&["hash-object", "-w", "--stdin"], b"a\0b");
    let commit = world.commit_of(&world.tree(&[("120000", "evil\nlink", &link)]));
    let why = world.refusal(&commit);
    assert!(why.starts_with("`evil\\nlink`: "), "{why}");
}

#[test]
fn a_commit_that_does_not_exist_has_its_own_message() {
    let world = World::new();
    world.write("README.md", "# Lamp\n");
    world.commit();
    let error = world.checkout(&"1".repeat(40)).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("{} has no commit {}", world.url(), "1".repeat(40))
    );
    world.only_locks_are_left();
}

#[test]
fn the_second_time_nobody_asks_upstream() {
    let world = World::new();
    world.write("README.md", "# Lamp\n");
    let commit = world.commit();
    let machine = || upstream::checkout(&world.places(), &world.url(), &commit, Reach::Machine);
    assert!(matches!(machine(), Err(PinError::Unreachable { .. })));
    let folder = world.checkout(&commit).unwrap();
    let before = fs::metadata(&folder).unwrap().ino();
    fs::remove_dir_all(world.work()).unwrap();
    assert_eq!(world.checkout(&commit).unwrap(), folder);
    assert_eq!(machine().unwrap(), folder);
    assert_eq!(fs::metadata(&folder).unwrap().ino(), before);
}

#[test]
fn many_at_once_get_one_folder() {
    let world = World::new();
    for number in 0..200 {
        world.write(&format!("d{number}/file"), &format!("{number}\n"));
    }
    let commit = world.commit();
    let inodes: Vec<u64> = std::thread::scope(|scope| {
        let one = || {
            let folder = world.checkout(&commit).unwrap();
            assert_eq!(fs::read_dir(&folder).unwrap().count(), 200);
            fs::metadata(folder).unwrap().ino()
        };
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(one)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    assert!(inodes.iter().all(|&inode| inode == inodes[0]), "{inodes:?}");
}

/// What one that was killed while it wrote leaves: a part, and a lock that nobody holds.
#[test]
fn what_a_killed_one_left_is_not_taken_for_whole() {
    let world = World::new();
    world.write("README.md", "# Lamp\n");
    let commit = world.commit();
    let checkouts = world.places().cache.join("checkouts");
    let part = checkouts.join(format!(".{commit}.partXYZ"));
    fs::create_dir_all(part.join("tree/half")).unwrap();
    fs::create_dir_all(part.join("git/objects")).unwrap();
    fs::write(checkouts.join(format!(".{commit}.lock")), "").unwrap();
    let folder = world.checkout(&commit).unwrap();
    assert_eq!(listing(&folder), "README.md 644 \"# Lamp\\n\"\n");
    assert!(!part.exists());
}

/// SIGKILL at moments from the first to after the last: there is no folder, or a whole one; and the next one makes it.
#[test]
fn killed_at_any_moment_it_is_whole_or_not_there() {
    let world = World::new();
    for number in 0..500 {
        world.write(&format!("d{number}/file"), &format!("{number}\n"));
    }
    let commit = world.commit();
    let whole = world.places().cache.join("checkouts").join(&commit);
    let (mut killed, mut done) = (0, 0);
    for moment in 0..40 {
        let _ = fs::remove_dir_all(&whole);
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["checkout_of_another_process", "--exact"])
            .env("TWIN_TEST_FOLDER", world.folder.path())
            .env("TWIN_TEST_COMMIT", &commit)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        the_moment_comes(Duration::from_millis(moment * 5));
        child.kill().unwrap();
        match child.wait().unwrap().success() {
            true => done += 1,
            false => killed += 1,
        }
        if whole.exists() {
            assert_eq!(
                fs::read_dir(&whole).unwrap().count(),
                500,
                "moment {moment}"
            );
        }
    }
    eprintln!("{killed} were killed, {done} had ended before");
    assert!(killed > 0);
    let folder = world.checkout(&commit).unwrap();
    assert_eq!(fs::read_dir(folder).unwrap().count(), 500);
}

#[expect(
    clippy::disallowed_methods,
    reason = "a kill at whatever moment is the thing under test; nothing is waited for"
)]
fn the_moment_comes(moment: Duration) {
    std::thread::sleep(moment);
}

/// What is killed above; alone it does nothing.
#[test]
fn checkout_of_another_process() {
    let Some(folder) = std::env::var_os("TWIN_TEST_FOLDER") else {
        return;
    };
    let commit = std::env::var("TWIN_TEST_COMMIT").unwrap();
    let folder = std::path::PathBuf::from(folder);
    let places = upstream::Places {
        cache: folder.join("cache"),
        dirs: Vec::new(),
    };
    let url = format!("file://{}", folder.join("owner/lamp").display());
    upstream::checkout(&places, &url, &commit, Reach::Network).unwrap();
}

/// `OWNER/REPO/COMMIT.git` in an upstream directory stands in for an upstream that is out of reach.
#[test]
fn a_vendored_tree_needs_no_upstream() {
    let world = World::new();
    world.write("README.md", "# Lamp\n");
    let commit = world.commit();
    let (places, dir) = (world.places(), world.folder.path().join("dirs"));
    let written = upstream::vendor_checkout(&places, &world.url(), &commit, &dir).unwrap();
    let vendored = dir.join("owner/lamp").join(format!("{commit}.git"));
    assert_eq!(written.unwrap(), vendored);
    assert!(!vendored.join("hooks").exists());
    fs::remove_dir_all(world.work()).unwrap();
    fs::remove_dir_all(&places.cache).unwrap();
    let folder = upstream::checkout(&places, &world.url(), &commit, Reach::Machine).unwrap();
    assert_eq!(listing(&folder), "README.md 644 \"# Lamp\\n\"\n");
}
