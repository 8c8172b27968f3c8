//! Opening the window: first with wgpu, then with OpenGL, and with a clear message if neither works.

pub(crate) mod graphics;
pub(crate) mod scene;
pub(crate) mod timing;

use super::command::Command;
use super::lab::Lab;
use super::state::banner::{Banner, Level};
use super::state::settings::{self, WindowSettings};
use super::state::tour::TourCommand;
use super::work::dialog;
use super::work::outside::{Opening, Outside};
use crate::preset::Preset;
use crate::run::engine::assemble::assemble;
use crate::run::engine::problem::Sources;
use eframe::{CreationContext, NativeOptions, Renderer};
use egui::{IconData, ViewportBuilder, ViewportCommand};
use graphics::Graphics;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;
use timing::Timing;

/// A request to open the window.
#[derive(Clone, Debug)]
pub struct OpenRequest {
    /// A built-in name, or the path of the preset file.
    pub name: String,
    /// The preset, including the changes of the command line.
    pub preset: Preset,
    /// The chapter of the tour to open, counted from 0.
    pub tour: Option<usize>,
    /// The initial state of the window.
    pub opening: Opening,
    /// The time at which the program started.
    pub started: Instant,
}

/// Why the window could not be opened or was lost.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Neither X11 nor Wayland is available.
    #[error(
        "there is no display (neither DISPLAY nor WAYLAND_DISPLAY is set); `brink run {0}` runs without a window and \
         writes run.csv and summary.png"
    )]
    NoDisplay(String),
    /// The window system cannot be used.
    #[error("the window system refused: {message}\n{remedy}")]
    WindowSystem {
        /// The message of the window system.
        message: String,
        /// The suggested remedy.
        remedy: String,
    },
    /// No renderer works.
    #[error(
        "no renderer works here: {tried}\nA window needs Vulkan (Debian: libvulkan1 mesa-vulkan-drivers) or OpenGL \
         (Debian: libegl1 libgl1-mesa-dri); `brink run {name}` needs neither"
    )]
    NoRenderer {
        /// The renderers, each with its error message.
        tried: String,
        /// The name of the preset.
        name: String,
    },
    /// The window was open until its device was lost while a picture was drawn.
    #[error(
        "the graphics device was lost: {why}\nThe run was kept as far as it had come: start `brink` again and open it; \
         `brink run {name}` needs no graphics"
    )]
    Lost {
        /// The driver's message.
        why: String,
        /// The name of the preset.
        name: String,
    },
}

/// Opens the window and trains until it is closed.
///
/// # Errors
/// If there is no display, no usable window system or no renderer.
pub fn open(request: &OpenRequest) -> Result<(), OpenError> {
    if no_display() {
        return Err(OpenError::NoDisplay(request.name.clone()));
    }
    let mut tried = Vec::new();
    let mut lost = None;
    for renderer in [Renderer::Wgpu, Renderer::Glow] {
        match run(request, renderer, lost.take()) {
            Ok(()) => return Ok(()),
            Err(Failure::Lost(why)) => {
                let text = format!("The graphics device was lost: {why}");
                eprintln!("{text}");
                lost = Some(format!("{text}. This is a new window, drawn by OpenGL"));
                tried.push(format!("{renderer}: the graphics device was lost: {why}"));
            }
            Err(Failure::Torn(why)) => return Err(OpenError::Lost { why, name: request.name.clone() }),
            Err(Failure::WindowSystem(message)) => {
                let remedy = remedy(&message, &request.name);
                return Err(OpenError::WindowSystem { message, remedy });
            }
            Err(Failure::Renderer(message)) => tried.push(format!("{renderer}: {message}")),
        }
    }
    Err(OpenError::NoRenderer { tried: tried.join("; "), name: request.name.clone() })
}

fn no_display() -> bool {
    let unset = |name: &&str| std::env::var_os(name).is_none_or(|value| value.is_empty());
    cfg!(target_os = "linux") && ["WAYLAND_DISPLAY", "WAYLAND_SOCKET", "DISPLAY"].iter().all(unset)
}

enum Failure {
    WindowSystem(String),
    Renderer(String),
    /// The window was open until its device was lost; it was closed in order.
    Lost(String),
    /// The device was lost while a picture was drawn: wgpu panics when a surface is dropped that still has a
    /// picture, and winit's event loop cannot be entered again. The run has been saved by then.
    Torn(String),
}

/// `lost` is the reason why the previous window had to close.
fn run(request: &OpenRequest, renderer: Renderer, lost: Option<String>) -> Result<(), Failure> {
    let created = Arc::new(AtomicBool::new(false));
    let shown = Arc::clone(&created);
    let request = request.clone();
    let graphics = Graphics::default();
    let options = options(renderer, &graphics);
    let heard = graphics.clone();
    let create = Box::new(move |creation: &CreationContext<'_>| {
        shown.store(true, Ordering::Relaxed);
        let mut app = App::new(request, heard, creation);
        if let Some(text) = lost {
            app.lab.model.raise(Banner::new(Level::Warning, text));
        }
        Ok(Box::new(app) as Box<dyn eframe::App>)
    });
    // winit panics if a library that it loads at run time is missing. Before the window is open, this is not
    // a bug in Brink and does not deserve a back trace.
    let previous = Arc::new(std::panic::take_hook());
    let (opened, hook, device) = (Arc::clone(&created), Arc::clone(&previous), graphics.clone());
    std::panic::set_hook(Box::new(move |info| {
        if opened.load(Ordering::Relaxed) && device.is_lost().is_none() {
            hook(info);
        }
    }));
    let outcome = catch_unwind(AssertUnwindSafe(|| eframe::run_native("brink", options, create)));
    std::panic::set_hook(Box::new(move |info| previous(info)));
    match outcome {
        Ok(Ok(())) => graphics.is_lost().map_or(Ok(()), |why| Err(Failure::Lost(why))),
        Ok(Err(error @ (eframe::Error::WinitEventLoop(_) | eframe::Error::Winit(_)))) => {
            Err(Failure::WindowSystem(error.to_string()))
        }
        Ok(Err(error)) => Err(Failure::Renderer(error.to_string())),
        Err(panic) if created.load(Ordering::Relaxed) => match graphics.is_lost() {
            Some(why) => Err(Failure::Torn(why)),
            None => resume_unwind(panic),
        },
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
            Err(Failure::WindowSystem(text.to_owned()))
        }
    }
}

fn options(renderer: Renderer, graphics: &Graphics) -> NativeOptions {
    let default = NativeOptions::default();
    NativeOptions {
        renderer,
        wgpu_options: graphics.configuration(default.wgpu_options.clone()),
        viewport: ViewportBuilder::default()
            .with_title("Brink")
            .with_app_id("brink")
            .with_icon(IconData::default())
            .with_inner_size(WindowSettings::window_size().unwrap_or([1280.0, 800.0]))
            .with_min_inner_size([480.0, 360.0])
            .with_clamp_size_to_monitor_size(true),
        persist_window: false,
        ..default
    }
}

/// The remedy for a message of the window system.
fn remedy(message: &str, name: &str) -> String {
    let lower = message.to_lowercase();
    let install = if lower.contains("xkbcommon") {
        "Install libxkbcommon-x11-0 (X11) and libxkbcommon0 (Wayland)"
    } else if lower.contains("libx11")
        || lower.contains("xlib")
        || lower.contains("xcursor")
        || lower.contains("xi")
    {
        "Install libx11-6, libx11-xcb1, libxcursor1 and libxi6"
    } else if lower.contains("wayland") {
        "Install libwayland-client0 and libwayland-egl1, or check WAYLAND_DISPLAY"
    } else {
        "Check DISPLAY or WAYLAND_DISPLAY"
    };
    format!("{install}; `brink run {name}` runs without a window")
}

/// The application that eframe runs.
struct App {
    lab: Lab,
    graphics: Graphics,
    timing: Timing,
    title: String,
}

impl App {
    fn new(request: OpenRequest, graphics: Graphics, creation: &CreationContext<'_>) -> Self {
        let timing = Timing::new(request.started);
        let mut presets: Vec<(String, Preset)> =
            Preset::built_in().into_iter().map(|(name, preset)| (name.to_owned(), preset)).collect();
        let built_in = presets.iter().position(|(name, _)| *name == request.name);
        if let Some(place) = built_in {
            presets[place].1 = request.preset;
        } else {
            presets.push((request.name, request.preset));
        }
        let place = built_in.unwrap_or(presets.len() - 1);
        let outside = Outside {
            assemble: std::sync::Arc::new(|preset| {
                assemble(preset, &Sources::default()).map_err(|error| error.to_string())
            }),
            choose_file: dialog::choose_file,
            choose_data: dialog::choose_data,
            choose_session: dialog::choose_session,
            settings: settings::path(),
            recording: crate::run::file::recording::named,
            autosave: super::lab::unfinished::directory()
                .map(|path| (path, super::lab::unfinished::INTERVAL)),
        };
        if let Some(state) = &creation.wgpu_render_state {
            let context = creation.egui_ctx.clone();
            graphics.listen(&state.device, move || context.request_repaint());
            self::scene::install(&creation.egui_ctx, state);
        }
        crate::picture::scene::canvas::make_figures_in_background(&creation.egui_ctx);
        let mut lab = Lab::new(presets, place, request.opening, outside, &creation.egui_ctx);
        if let Some(chapter) = request.tour {
            lab.apply(Command::Tour(TourCommand::Chapter(chapter)));
        }
        Self { lab, graphics, timing, title: String::new() }
    }
}

impl eframe::App for App {
    fn logic(&mut self, context: &egui::Context, frame: &mut eframe::Frame) {
        self.timing.begin(frame.info().cpu_usage);
        for banner in self.graphics.report(context) {
            self.lab.model.raise(banner);
        }
        if self.graphics.is_lost().is_some() {
            // the run goes on until it is saved, because a stopped run is not saved
            context.send_viewport_cmd(ViewportCommand::Close);
        } else if context.input(|input| input.viewport().close_requested()) {
            self.lab.prepare_to_close();
        }
        self.lab.logic();
        if self.lab.model().tour.has_stopped() {
            self.timing.stopped(self.lab.model().runs.first.history.rows());
        }
        match self.timing.remaining() {
            Some(left) if left.is_zero() => context.send_viewport_cmd(ViewportCommand::Close),
            Some(left) => context.request_repaint_after(left),
            None => {}
        }
    }

    fn ui(&mut self, ui: &mut egui::Ui, frame: &mut eframe::Frame) {
        if self.graphics.is_lost().is_some() {
            // The window is about to close. It is painted once more before that, and egui panics if it has
            // anything to upload to a lost device.
            return;
        }
        self.lab.ui(ui);
        // in screen points, independent of the zoom
        let zoom = ui.ctx().zoom_factor();
        self.lab.keep_window_size(ui.input(|input| {
            let viewport = input.viewport();
            let whole = viewport.fullscreen == Some(true) || viewport.maximized == Some(true);
            viewport.inner_rect.filter(|_| !whole).map(|rect| rect.size() * zoom)
        }));
        let title = self.lab.model().window_title();
        if title != self.title {
            ui.ctx().send_viewport_cmd(ViewportCommand::Title(title.clone()));
            self.title = title;
        }
        let took = self.timing.end();
        let whole = frame
            .info()
            .cpu_usage
            .map_or(took, |seconds| std::time::Duration::try_from_secs_f32(seconds).unwrap_or(took));
        self.lab.frame_took(whole.max(took));
    }

    fn on_exit(&mut self, _gl: Option<&eframe::glow::Context>) {
        self.timing.report(self.lab.model().runs.first.history.rows());
        if self.graphics.is_lost().is_some() {
            self.lab.abandon();
        } else {
            self.lab.close();
        }
    }

    fn persist_egui_memory(&self) -> bool {
        false
    }
}

impl Drop for App {
    fn drop(&mut self) {
        // the window was torn down by a panic and had no time to close
        if std::thread::panicking() && self.graphics.is_lost().is_some() {
            self.lab.abandon();
        }
    }
}
