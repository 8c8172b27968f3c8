//! Failures of the graphics while the window is open: a lost surface, an error of wgpu, a lost device. Each
//! is reported in words, and none is a panic.
//!
//! A lost surface is created again. After an error, weight space is drawn by egui's meshes, without wgpu. A
//! lost device can draw nothing any more, neither weight space nor the window: the window is closed and its
//! run is saved; the next renderer opens another window, which offers the run. If wgpu panics while the
//! window closes, the program ends with a message instead. `.ci/graphics.sh` removes the surface and the
//! device of a window to test this.

use crate::app::state::banner::{Banner, Level};
use crate::picture::scene::canvas::remove_canvas;
use eframe::egui_wgpu::{SurfaceErrorAction, WgpuConfiguration};
use eframe::wgpu::{CurrentSurfaceTexture, Device, DeviceLostReason};
use egui::Context;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The failures noticed so far, from any thread.
#[derive(Debug, Default)]
struct Noticed {
    /// Not yet reported.
    banners: Vec<Banner>,
    /// Whether weight space is now drawn without wgpu.
    failed: bool,
    /// The reason why the device can no longer draw, if it is lost.
    lost: Option<String>,
}

/// Receives graphics failures; clones share their state.
#[derive(Clone, Debug, Default)]
pub(super) struct Graphics(Arc<Mutex<Noticed>>);

impl Graphics {
    /// The default surface configuration, with a handler that records failures of the surface.
    pub fn configuration(&self, default: WgpuConfiguration) -> WgpuConfiguration {
        let (graphics, usual) = (self.clone(), Arc::clone(&default.on_surface_status));
        let on_surface_status = Arc::new(move |status: &CurrentSurfaceTexture| -> SurfaceErrorAction {
            graphics.surface(status);
            usual(status)
        });
        WgpuConfiguration { on_surface_status, ..default }
    }

    fn surface(&self, status: &CurrentSurfaceTexture) {
        if let Some(text) = of_surface(status) {
            self.noticed().banners.push(Banner::new(Level::Note, text));
        }
    }

    /// Listens to a device; `wake` is called after each failure, on any thread.
    pub fn listen(&self, device: &Device, wake: impl Fn() + Clone + Send + Sync + 'static) {
        let (graphics, woken) = (self.clone(), wake.clone());
        device.on_uncaptured_error(Arc::new(move |error: eframe::wgpu::Error| {
            graphics.failed(&error.to_string());
            woken();
        }));
        let graphics = self.clone();
        device.set_device_lost_callback(move |reason, message| {
            graphics.lost(reason, &message);
            wake();
        });
    }

    /// Records the first error only: later errors tend to follow from it, frame after frame.
    fn failed(&self, error: &str) {
        let mut noticed = self.noticed();
        if !std::mem::replace(&mut noticed.failed, true) {
            let text = format!(
                "The graphics reported an error: {}. Weight space is drawn without wgpu from now on",
                one_line(error)
            );
            noticed.banners.push(Banner::new(Level::Warning, text));
        }
    }

    fn lost(&self, reason: DeviceLostReason, message: &str) {
        if reason == DeviceLostReason::Destroyed {
            // destroyed by the program itself when the window closes
            return;
        }
        let message = one_line(message);
        let why = if message.is_empty() { "the driver gave no reason".to_owned() } else { message };
        let mut noticed = self.noticed();
        noticed.failed = true;
        noticed.lost.get_or_insert(why);
    }

    /// The reason why nothing can be drawn any more, if the device is lost.
    pub fn is_lost(&self) -> Option<String> {
        self.noticed().lost.clone()
    }

    /// The new failures; if wgpu has failed, weight space continues without it.
    pub fn report(&self, context: &Context) -> Vec<Banner> {
        let mut noticed = self.noticed();
        if noticed.failed {
            remove_canvas(context);
        }
        std::mem::take(&mut noticed.banners)
    }

    fn noticed(&self) -> MutexGuard<'_, Noticed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The message about the status of a surface; `None` for states that occur whenever a window is moved,
/// resized or hidden.
fn of_surface(status: &CurrentSurfaceTexture) -> Option<&'static str> {
    match status {
        CurrentSurfaceTexture::Lost => Some(
            "The window's drawing surface was lost (sleep, another screen, a driver reset); it is made anew",
        ),
        CurrentSurfaceTexture::Validation => {
            Some("The window's drawing surface was refused by the driver: this frame is left out")
        }
        CurrentSurfaceTexture::Success(_)
        | CurrentSurfaceTexture::Suboptimal(_)
        | CurrentSurfaceTexture::Timeout
        | CurrentSurfaceTexture::Occluded
        | CurrentSurfaceTexture::Outdated => None,
    }
}

/// A driver's message, shortened for a banner.
fn one_line(message: &str) -> String {
    let words: Vec<&str> = message.split_whitespace().collect();
    let text = words.join(" ");
    if text.chars().count() > 240 { text.chars().take(239).chain(['…']).collect() } else { text }
}

#[cfg(test)]
mod tests;
