//! The layers of `src/`: a file imports from its own folder and from the layers below it, never from a layer above.
//!
//! Between packages the compiler enforces the order. Inside this package this test reads the `use` declarations and the
//! paths that begin with `crate` or `super`.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// The layers, lowest first. A folder that is listed here has layers of its own.
const LAYERS: &[(&str, &[&str])] = &[
    ("", &["preset", "run", "picture", "tour", "app"]),
    ("run", &["record", "analysis", "engine", "file", "live", "start"]),
    ("picture", &["style", "view", "chart", "scene", "panel", "file"]),
    ("app", &["state", "command", "view", "work", "export", "lab", "shell"]),
];

/// An import against the order.
#[derive(Debug, PartialEq)]
struct Backward {
    line: usize,
    path: String,
}

/// All `.rs` files below a directory but those of tests.
fn sources(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let entries = fs::read_dir(directory).expect("a directory of the sources");
    for path in entries.map(|entry| entry.expect("an entry").path()) {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() {
            if name != "tests" && name != "cli" {
                found.extend(sources(&path));
            }
        } else if path.extension().is_some_and(|ending| ending == "rs")
            && !["tests.rs", "main.rs", "lib.rs"].contains(&name)
        {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The module of a file below `src/`, such as `[run, record, history]`.
fn module(file: &Path) -> Vec<String> {
    let mut parts: Vec<String> =
        file.with_extension("").iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if parts.last().is_some_and(|last| last == "mod") {
        parts.pop();
    }
    parts
}

/// The paths of a line of code that begin with `crate` or `super`, resolved from the module that holds them, up to the
/// second name. A list in braces gives one path for each of its entries.
fn paths(statement: &str, module: &[String]) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let word = |c: char| c.is_alphanumeric() || c == '_';
    for start in ["crate::", "super::"] {
        for (at, _) in statement.match_indices(start) {
            let before = statement[..at].chars().next_back();
            if before.is_some_and(|c| word(c) || c == ':' || c == '$') || statement[..at].ends_with("pub(in ")
            {
                continue;
            }
            let mut base: Vec<String> = if start == "crate::" { Vec::new() } else { module.to_vec() };
            let mut rest = &statement[at..];
            while let Some(inner) = rest.strip_prefix("super::") {
                base.pop();
                rest = inner;
            }
            rest = rest.strip_prefix("crate::").unwrap_or(rest);
            while let Some((name, inner)) = rest.split_once("::").filter(|(name, _)| name.chars().all(word)) {
                base.push(name.to_owned());
                rest = inner;
            }
            if let Some(list) = rest.strip_prefix('{') {
                let list = list.split('}').next().unwrap_or_default();
                for entry in list.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
                    let mut path = base.clone();
                    path.extend(entry.split("::").map(|part| part.trim_matches(|c| !word(c)).to_owned()));
                    found.push(path);
                }
            } else {
                base.extend(rest.split(|c| !word(c)).next().map(str::to_owned));
                found.push(base);
            }
        }
    }
    found
}

/// Whether a module must not import a path: at the first place where they differ, the path is in a higher layer.
fn is_backward(module: &[String], path: &[String]) -> bool {
    let common = module.iter().zip(path).take_while(|(a, b)| a == b).count();
    let folder = module[..common].join("/");
    let Some((_, order)) = LAYERS.iter().find(|(name, _)| *name == folder) else { return false };
    let rank =
        |names: &[String]| names.get(common).and_then(|name| order.iter().position(|layer| layer == name));
    matches!((rank(module), rank(path)), (Some(own), Some(other)) if other > own)
}

/// The imports of a file against the order. Its unit tests may import anything.
fn backward(text: &str, module: &[String]) -> Vec<Backward> {
    let mut found = Vec::new();
    let mut statement = String::new();
    let mut first = 0;
    for (number, line) in text.lines().enumerate() {
        if line.starts_with("mod tests {") {
            break;
        }
        let code = line.split("//").next().unwrap_or_default().trim();
        if statement.is_empty() {
            first = number + 1;
        }
        statement.push_str(code);
        // a `use` declaration may be over several lines
        if statement.starts_with("use ") && !statement.ends_with(';') {
            continue;
        }
        for path in paths(&statement, module) {
            if is_backward(module, &path) {
                found.push(Backward { line: first, path: path.join("::") });
            }
        }
        statement.clear();
    }
    found
}

#[test]
fn no_file_imports_from_a_layer_above_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = sources(&root);
    assert!(files.len() > 150, "the sources are found: {}", files.len());
    let mut report = String::new();
    for file in &files {
        let inside = file.strip_prefix(&root).expect("below src");
        let text = fs::read_to_string(file).expect("a source file");
        for Backward { line, path } in backward(&text, &module(inside)) {
            writeln!(report, "src/{}:{line} imports crate::{path}", inside.display()).expect("a string");
        }
    }
    assert!(report.is_empty(), "imports against the order of layers (tests/layers.rs):\n{report}");
}

#[test]
fn planted_imports_against_the_order_are_found() {
    let module: Vec<String> = ["run", "record", "history"].map(str::to_owned).to_vec();
    let found =
        |text: &str| backward(text, &module).into_iter().map(|b| (b.line, b.path)).collect::<Vec<_>>();
    assert_eq!(found("use super::series::Series;\nuse crate::preset::Preset;\n"), []);
    assert_eq!(
        found("//! Doc.\n\nuse crate::picture::style::theme;\n"),
        [(3, "picture::style::theme".to_owned())]
    );
    assert_eq!(
        found("use super::super::{\n    engine::Engine,\n    record::series,\n};\n"),
        [(1, "run::engine::Engine".to_owned())]
    );
    assert_eq!(found("let x = crate::app::lab::open();"), [(1, "app::lab::open".to_owned())]);
    assert_eq!(found("mod tests {\n    use crate::app::Lab;\n}\n"), []);
}
