//! `rotascope shot`: pictures of the real window with real workers, on a machine without a display.
#![cfg(feature = "gui")]
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::HashSet;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::process::{Command, Output};

const LAB: &str = r#"
version = 1

[formatters.standard]
format = "{levelname} {asctime} {module} {message}"
style = "{"

[handlers.daily_file]
class = "daily"
formatter = "standard"
directory = "logs"

[loggers.error]
handlers = ["daily_file"]
level = "INFO"

[[workers]]
name = "web"
logger = "error"
processes = 2
rate = 200
message = "用户 登录成功"
"#;

const STEPS: &str = r#"
[[steps]]
at = "300ms"
do = "delete"
file = "live"

[[steps]]
after = "all workers reopened"
do = "picture"
name = "recovered"

[[steps]]
at = "3s"
do = "picture"
name = "later"
"#;

const NO_PICTURE: &str = r#"
[[steps]]
at = "200ms"
do = "say"
text = "That was all."
"#;

fn shot(folder: &Path, lab: &str, more: &[&str]) -> Output {
    let scenario = folder.join("scene.toml");
    std::fs::write(&scenario, lab).unwrap();
    Command::new(env!("CARGO_BIN_EXE_rotascope"))
        .args(["shot", scenario.to_str().unwrap(), "--out", folder.join("pictures").to_str().unwrap()])
        .args(more)
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .output()
        .unwrap()
}

/// Width, height, and the number of colours.
fn look_at(path: &Path) -> (u32, u32, usize) {
    let mut reader = png::Decoder::new(BufReader::new(File::open(path).unwrap())).read_info().unwrap();
    let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut bytes).unwrap();
    let colours: HashSet<&[u8]> = bytes[..info.buffer_size()].chunks_exact(info.color_type.samples()).collect();
    (info.width, info.height, colours.len())
}

#[test]
fn each_picture_step_gives_a_picture_of_the_size_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let output = shot(folder.path(), &format!("{LAB}{STEPS}"), &["--size", "1000x600", "--scale", "2"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let pictures = folder.path().join("pictures");
    let named: Vec<_> = ["recovered", "later"].iter().map(|name| pictures.join(format!("{name}.png"))).collect();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(said.lines().map(Path::new).collect::<Vec<_>>(), named);
    for picture in named {
        let (width, height, colours) = look_at(&picture);
        assert_eq!((width, height), (2000, 1200));
        assert!(colours > 100, "{} has {colours} colours", picture.display());
    }
}

#[test]
fn a_scenario_without_pictures_gives_one_at_its_end_named_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let lab = format!("{LAB}{NO_PICTURE}");
    let dark = shot(folder.path(), &lab, &[]);
    assert!(dark.status.success(), "{}", String::from_utf8_lossy(&dark.stderr));
    let picture = folder.path().join("pictures/scene.png");
    assert_eq!(look_at(&picture).0, 1440);
    let before = std::fs::read(&picture).unwrap();
    let light = shot(folder.path(), &lab, &["--theme", "light", "--language", "zh"]);
    assert!(light.status.success());
    assert_ne!(std::fs::read(&picture).unwrap(), before);
}

#[test]
fn what_can_not_be_done_is_said_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("pictures"), "in the way").unwrap();
    let output = shot(folder.path(), LAB, &[]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.starts_with("rotascope: ") && said.contains("pictures") && said.lines().count() == 1, "{said}");
}
