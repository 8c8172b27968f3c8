//! Jobs on threads of their own.

use crossbeam_channel::Receiver;
use crossbeam_channel::TryRecvError;
use crossbeam_channel::bounded;
use egui::Context;

/// Runs a job on a thread and wakes the window when its answer is there.
pub(crate) fn on_thread<T: Send + 'static>(
    name: &str,
    context: &Context,
    job: impl FnOnce() -> T + Send + 'static,
) -> Option<Receiver<T>> {
    let context = context.clone();
    // One message, so a channel for one: the sender never waits.
    let (sender, receiver) = bounded(1);
    let thread = std::thread::Builder::new().name(name.into()).spawn(move || {
        // The window may be gone by now.
        let _ = sender.send(job());
        context.request_repaint();
    });
    thread.ok().map(|_| receiver)
}

/// The answer of a thread, once it is there.
pub(crate) fn received<T>(channel: &mut Option<Receiver<T>>) -> Option<Result<T, String>> {
    let answer = match channel.as_ref()?.try_recv() {
        Err(TryRecvError::Empty) => return None,
        Err(TryRecvError::Disconnected) => Err("its thread has failed".to_owned()),
        Ok(answer) => Ok(answer),
    };
    *channel = None;
    Some(answer)
}
