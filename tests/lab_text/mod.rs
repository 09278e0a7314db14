//! The text of a lab for tests: one handler, one group of workers.

/// Workers called `web-1`, `web-2`, ... of a handler class. `clock` is the start of a simulated one; `more` ends the
/// text: further keys of the workers' table, then steps.
pub(crate) fn lab_text(class: &str, clock: Option<&str>, processes: u32, rate: u32, more: &str) -> String {
    let place =
        if ["daily", "verified"].contains(&class) { "directory = \"logs\"" } else { "filename = \"logs/a1.log\"" };
    let clock = clock.map_or_else(String::new, |start| {
        format!("[clock]\nmode = \"simulated\"\nstart = \"{start}\"\nzone = \"Asia/Shanghai\"\n")
    });
    format!(
        r#"version = 1
{clock}[handlers.file]
class = "{class}"
{place}
[loggers.app]
handlers = ["file"]
[[workers]]
name = "web"
logger = "app"
processes = {processes}
rate = {rate}
{more}
"#
    )
}
