//! Lost surfaces, errors and lost devices, each with the reaction and the message.

use super::*;
use crate::app::shell::scene::SceneWindow as Canvas;
use crate::app::shell::scene::tests::device;
use crate::picture::scene::canvas::{has_canvas, install_canvas};
use eframe::wgpu::{BufferDescriptor, BufferUsages, PollType};
use std::sync::atomic::{AtomicUsize, Ordering};

fn said(graphics: &Graphics) -> Vec<String> {
    graphics.noticed().banners.iter().map(|banner| banner.text.clone()).collect()
}

#[test]
fn a_lost_surface_is_made_anew_and_it_is_said() {
    use SurfaceErrorAction::{Reconfigure, RecreateSurface, SkipFrame};
    type Case = (CurrentSurfaceTexture, fn(&SurfaceErrorAction) -> bool, Option<&'static str>);
    let cases: [Case; 5] = [
        (CurrentSurfaceTexture::Lost, |action| matches!(action, RecreateSurface), Some("made anew")),
        (CurrentSurfaceTexture::Outdated, |action| matches!(action, Reconfigure), None),
        (CurrentSurfaceTexture::Occluded, |action| matches!(action, SkipFrame), None),
        (CurrentSurfaceTexture::Timeout, |action| matches!(action, SkipFrame), None),
        (CurrentSurfaceTexture::Validation, |action| matches!(action, SkipFrame), Some("left out")),
    ];
    for (status, done, words) in cases {
        let graphics = Graphics::default();
        let action = (graphics.configuration(WgpuConfiguration::default()).on_surface_status)(&status);
        assert!(done(&action), "{status:?}");
        let said = said(&graphics);
        match words {
            Some(words) => assert!(said.len() == 1 && said[0].contains(words), "{status:?}: {said:?}"),
            None => assert!(said.is_empty(), "{status:?}: {said:?}"),
        }
        assert!(graphics.is_lost().is_none());
    }
}

#[test]
fn an_error_of_wgpu_is_said_once_and_weight_space_goes_on_without_it() {
    let Some(device) = device() else { return };
    let (graphics, woken) = (Graphics::default(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&woken);
    graphics.listen(&device, move || {
        count.fetch_add(1, Ordering::Relaxed);
    });
    // a buffer for both reading and drawing is rejected, which is a panic without a handler
    let refused = BufferDescriptor {
        label: Some("refused"),
        size: 16,
        usage: BufferUsages::MAP_READ | BufferUsages::VERTEX,
        mapped_at_creation: false,
    };
    for _ in 0..3 {
        let _ = device.create_buffer(&refused);
    }
    assert_eq!(woken.load(Ordering::Relaxed), 3);
    let words = said(&graphics);
    assert!(
        words.len() == 1 && words[0].contains("refused") && words[0].contains("without wgpu"),
        "{words:?}"
    );
    assert!(graphics.is_lost().is_none());

    let context = Context::default();
    install_canvas(&context, Arc::new(Canvas));
    assert!(has_canvas(&context));
    let banners = graphics.report(&context);
    assert!(!has_canvas(&context), "the mesh takes over");
    assert_eq!((banners.len(), banners[0].level), (1, Level::Warning));
    assert!(graphics.report(&context).is_empty(), "said once");
}

#[test]
fn a_lost_device_is_noticed_and_one_that_the_program_lets_go_is_not() {
    let graphics = Graphics::default();
    graphics.lost(DeviceLostReason::Destroyed, "the window is closed");
    assert_eq!(graphics.is_lost(), None);
    graphics.lost(DeviceLostReason::Unknown, "reset by\n the driver");
    graphics.lost(DeviceLostReason::Unknown, "again");
    assert_eq!(graphics.is_lost().as_deref(), Some("reset by the driver"));
    let context = Context::default();
    install_canvas(&context, Arc::new(Canvas));
    graphics.report(&context);
    assert!(!has_canvas(&context));
}

#[test]
fn whoever_draws_on_with_a_device_that_is_gone_meets_no_panic() {
    let Some(device) = device() else { return };
    let graphics = Graphics::default();
    graphics.listen(&device, || {});
    device.destroy();
    let _ = device.poll(PollType::Poll);
    let buffer = BufferDescriptor {
        label: Some("too late"),
        size: 16,
        usage: BufferUsages::VERTEX,
        mapped_at_creation: false,
    };
    let _ = device.create_buffer(&buffer);
    let _ = device.create_command_encoder(&eframe::wgpu::CommandEncoderDescriptor::default()).finish();
}

#[test]
fn long_words_of_a_driver_fit_a_banner() {
    assert_eq!(one_line("  a\n b "), "a b");
    assert_eq!(one_line(&"ä".repeat(500)).chars().count(), 240);
}
