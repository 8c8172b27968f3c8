//! `brink export`, run as a user would run it: the content of every panel without a window, films, and the origin
//! stored in files.
#![allow(clippy::unwrap_used, reason = "a failure is a panic")]

use crate::cli::{Desk, integers, stderr, wave};
use brink::picture::view::panel::Panel;
use brink::run::start::address::Address;
use clap::Parser;

/// Exports, and returns the texts in an SVG file.
fn shown(desk: &Desk, args: &[&str], panel: Panel) -> String {
    let args =
        [&["export"], args, &["--panel", panel.name(), "--size", "700x500", "--out", "o.svg"]].concat();
    let output = desk.brink(&args);
    assert_eq!(output.status.code(), Some(0), "{args:?}: {}", stderr(&output));
    let svg = std::fs::read_to_string(desk.path("o.svg")).unwrap();
    // the text between tags
    let texts = svg.split('<').filter_map(|tag| tag.split_once('>')).map(|(_, text)| text.trim());
    // every letter is positioned individually there, and spaces are absent
    spaceless(&texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join("|"))
}

fn spaceless(text: &str) -> String {
    text.split_whitespace().collect()
}

/// Exports, and returns the error message.
fn refused(desk: &Desk, args: &[&str]) -> String {
    let output = desk.brink(&[&["export"], args].concat());
    let message = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{args:?}: {message}");
    assert!(message.starts_with("error: ") && message.trim_end().lines().count() == 1, "{message}");
    message
}

/// A panel, and words that it shows at step 120.
fn words(panel: Panel) -> &'static [&'static str] {
    match panel {
        Panel::Sharpness => &["2/η", "λ₁"],
        Panel::Loss => &["GD smoothed", "prediction"],
        Panel::GradientNorm => &["prediction"],
        Panel::Variance => &["eigenvalues of Σ"],
        Panel::Displacement => &["±σ₁"],
        Panel::Distance => &["to central flow", "to gradient flow"],
        Panel::Cycles => &["Step 120: ⟨S⟩ = ", "goes on"],
        Panel::Terms => &["Step 120", "remainder"],
        Panel::SharpnessChange => &["Step 120", "predicted"],
        Panel::Covariance => &["Step 120, in the basis", "relative error"],
        Panel::Validity => &["Step 120: ", "Taylor remainder", "w_GD"],
        Panel::Predictions => &["this loss is a formula"],
        Panel::Spectrum => &["step 120", "above 2/η"],
        Panel::WeightSpace => &["loss"],
        Panel::Wall | Panel::LossWall => &["Vision transformer"],
        Panel::Parabola => &["λ₁"],
    }
}

#[test]
fn every_panel_shows_the_step_that_is_asked_for() {
    let desk = Desk::new();
    for panel in Panel::ALL {
        let texts = shown(&desk, &["valley", "--at", "120"], panel);
        for word in words(panel) {
            let word = spaceless(word).to_lowercase();
            assert!(texts.to_lowercase().contains(&word), "{panel:?}: no {word:?} in {texts}");
        }
        for word in ["waiting for", "is not looked into", "looking into", "are added where"] {
            assert!(!texts.contains(&spaceless(word)), "{panel:?}: {texts}");
        }
        assert!(texts.contains("cursoratstep120") && texts.contains("·Brink0."), "{panel:?}: {texts}");
    }
    // without --at it is the newest step
    let texts = shown(&desk, &["valley", "--set", "run.steps=80"], Panel::Terms);
    assert!(texts.contains("Step79") && texts.contains("remainder"), "{texts}");
}

#[test]
fn panels_of_a_network_are_computed() {
    let desk = Desk::new();
    let run = ["chebyshev", "--set", "model.width=6", "--at", "40", "--eta-at", "20=0.3"];
    let texts = shown(&desk, &run, Panel::WeightSpace);
    assert!(texts.contains("topeigenvector") && !texts.contains("waiting"), "{texts}");
    assert!(texts.contains("0.3fromstep20"), "{texts}");
    let texts = shown(&desk, &run, Panel::Spectrum);
    assert!(texts.contains("step40") || texts.contains("Step40"), "{texts}");
}

#[cfg(feature = "window")]
#[test]
fn a_layout_shows_all_its_panels() {
    use brink::app::Arrangement;
    let desk = Desk::new();
    let run = ["export", "valley", "--at", "120", "--out", "l.svg"];
    for layout in Arrangement::BUILT_IN {
        let output = desk.brink(&[&run[..], &["--layout", &layout.name()]].concat());
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let svg = std::fs::read_to_string(desk.path("l.svg")).unwrap();
        let texts: String = svg.split('<').filter_map(|tag| tag.split_once('>')).map(|tag| tag.1).collect();
        let texts = spaceless(&texts).to_lowercase();
        for panel in layout.panels() {
            for word in words(panel) {
                let word = spaceless(word).to_lowercase();
                assert!(texts.contains(&word), "{layout:?}, {panel:?}: no {word:?} in {texts}");
            }
        }
    }
    let message = refused(&desk, &["valley", "--layout", "six", "--out", "l.png"]);
    assert!(
        message.contains("--layout six: there is no such layout; there are lecture, inspect"),
        "{message}"
    );
    // a step that cannot be inspected leaves some panels empty, and they report it
    let diverged = ["export", "valley", "--set", "optimizer.eta=3", "--at", "50"];
    let output = desk.brink(&[&diverged[..], &["--layout", "inspect", "--out", "d.svg"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let svg = std::fs::read_to_string(desk.path("d.svg")).unwrap();
    let texts: String = svg.split('<').filter_map(|tag| tag.split_once('>')).map(|tag| tag.1).collect();
    assert_eq!(spaceless(&texts).matches("step50isnotlookedinto").count(), 2, "{texts}");
}

#[test]
fn a_step_that_cannot_be_looked_into_is_said() {
    let desk = Desk::new();
    let diverged = ["valley", "--set", "optimizer.eta=3", "--at", "50"];
    let message = refused(&desk, &[&diverged[..], &["--panel", "terms", "--out", "o.png"]].concat());
    assert!(message.contains("gradient descent does not run there"), "{message}");
    assert_eq!(desk.names(), [""; 0]);
}

#[test]
fn any_resolution_within_limits_is_drawn() {
    let desk = Desk::new();
    let run = ["export", "valley", "--set", "run.steps=20", "--out", "p.png"];
    let width = |more: &[&str]| {
        let output = desk.brink(&[&run[..], more].concat());
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let file = std::io::BufReader::new(std::fs::File::open(desk.path("p.png")).unwrap());
        png::Decoder::new(file).read_info().unwrap().info().width
    };
    for (scale, pixels) in [("0.5", 320), ("1", 640), ("1.5", 960), ("3", 1920)] {
        assert_eq!(width(&["--panel", "loss", "--scale", scale]), pixels);
    }
    assert_eq!(width(&["--panel", "wall", "--scale", "1"]), 1280, "ten runs take more room");
    for (more, words) in [
        (["--scale", "0.05", "--size", "640x400"], "--scale 0.05: a number from 0.1 to 8"),
        (["--scale", "8.5", "--size", "640x400"], "--scale 8.5: a number from 0.1 to 8"),
        (["--scale", "8", "--size", "8000x300"], "--scale 8: a picture of 64000 × 2400 pixels is too large"),
    ] {
        let message = refused(&desk, &[&run[1..], &more[..]].concat());
        assert!(message.contains(words), "{message}");
    }
}

/// The pictures of an animated PNG file.
fn pictures(desk: &Desk, name: &str) -> Vec<Vec<u8>> {
    let file = std::io::BufReader::new(std::fs::File::open(desk.path(name)).unwrap());
    let mut reader = png::Decoder::new(file).read_info().unwrap();
    let count = reader.info().animation_control.unwrap().num_frames;
    let size = reader.output_buffer_size().unwrap();
    let mut next = || {
        let mut data = vec![0; size];
        reader.next_frame(&mut data).unwrap();
        data
    };
    (0..count).map(|_| next()).collect()
}

#[test]
fn a_film_looks_into_every_step() {
    let desk = Desk::new();
    let film = ["--film", "100..102", "--frames", "3", "--scale", "1", "--size", "470x330", "--out"];
    for panel in ["terms", "weight-space", "spectrum"] {
        let args = [&["export", "valley", "--panel", panel], &film[..], &["film.png"]].concat();
        let output = desk.brink(&args);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let film = pictures(&desk, "film.png");
        assert_eq!(film.len(), 3, "{panel}");
        // below the caption, which names the step
        let body = 470 * 3 * 60;
        assert!(film[0][body..] != film[1][body..] && film[1][body..] != film[2][body..], "{panel}");
    }
}

#[test]
fn a_recording_is_exported_from_its_file_alone() {
    let desk = Desk::new();
    // there is no CIFAR-10 here, and η has no effect on a recording
    let args = ["export", "cifar-vit.brink", "--at", "50", "--out", "r.csv"];
    let output = desk.command(&args).env_remove("BRINK_DATA").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let csv = std::fs::read_to_string(desk.path("r.csv")).unwrap();
    assert!(csv.lines().next().unwrap().ends_with(": brink cifar-vit.brink --at 50"), "{csv}");
    assert_eq!(csv.lines().count(), 53);
    let texts = shown(&desk, &["cifar-vit.brink", "--at", "50"], Panel::WeightSpace);
    assert!(texts.contains("Recordedpathsintheplane"), "{texts}");
    for panel in ["terms", "spectrum"] {
        let message = refused(&desk, &["cifar-vit.brink", "--panel", panel, "--out", "o.png"]);
        assert!(message.contains(&format!("--panel {panel}: this is a recording")), "{message}");
        assert!(message.contains("brink cifar-vit"), "{message}");
    }
    let message = refused(&desk, &["cifar-vit.brink", "--fork", "20=0.1", "--out", "o.csv"]);
    assert!(message.contains("--fork 20=0.1"), "{message}");
    let output = desk.brink(&["run", "digits-noise.brink", "--out", "out"]);
    assert!(
        output.status.code() == Some(2) && stderr(&output).contains("brink export"),
        "{}",
        stderr(&output)
    );
}

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    address: Address,
}

#[test]
fn the_command_of_a_run_of_ones_own_data_leads_to_it_again() {
    let desk = Desk::new();
    desk.npz("my data.npz", &[("x", wave(&[6, 3], 0.7)), ("y", integers(&[0, 1, 0, 1, 1, 0]))]);
    let weights =
        [("1.weight", vec![4, 3]), ("1.bias", vec![4]), ("3.weight", vec![4, 4]), ("3.bias", vec![4])];
    let weights = weights.into_iter().chain([("5.weight", vec![2, 4]), ("5.bias", vec![2])]);
    let weights: Vec<_> = weights.map(|(name, shape)| (name, wave(&shape, 1.3))).collect();
    desk.npz("w.npz", &weights);
    let run = ["digits-mlp", "--set", "model.width=4", "--data", "my data.npz", "--init", "w.npz"];
    desk.run(&[&run[..], &["--steps", "9", "--eta-at", "4=0.05", "--save", "s.brink"]].concat());
    let preset = std::fs::read_to_string(desk.path("out/preset.toml")).unwrap();
    let line = preset.lines().find_map(|line| line.strip_prefix("# The same run in a window: ")).unwrap();
    let words = shlex::split(line).unwrap();
    let address = Line::try_parse_from(&words).map_err(|error| error.to_string()).unwrap().address;
    assert_eq!((address.to_string().as_str(), address.data.is_some()), (line, true));
    let rows = |name: &str| {
        let text = std::fs::read_to_string(desk.path(name)).unwrap();
        text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect::<Vec<_>>()
    };
    let again: Vec<&str> = words[1..].iter().map(String::as_str).collect();
    for (given, out) in [(again, "a.csv"), (vec!["s.brink"], "b.csv")] {
        let output = desk.brink(&[&["export"], &given[..], &["--out", out]].concat());
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert_eq!(rows(out), rows("out/run.csv"), "{given:?}");
        let text = std::fs::read_to_string(desk.path(out)).unwrap();
        assert!(text.lines().next().unwrap().ends_with(line), "{text}");
    }
}
