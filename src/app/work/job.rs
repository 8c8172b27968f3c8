//! A job that runs once in parallel with the interface, and its result.

use crossbeam_channel::{Receiver, TryRecvError, bounded};
use egui::Context;
use std::time::Duration;

/// Error: the thread of a job has ended without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("its thread has failed")]
pub struct Gone;

/// A job on its own thread, or none. It is idle until it is spawned, and again once its answer has been
/// taken.
#[derive(Debug)]
pub struct Job<T> {
    answer: Option<Receiver<T>>,
}

impl<T> Default for Job<T> {
    fn default() -> Self {
        Self { answer: None }
    }
}

impl<T: Send + 'static> Job<T> {
    /// Runs a job on a thread with this name and wakes the window when it is done. If the operating system
    /// cannot start a thread, the job is idle.
    pub fn spawn(name: &str, context: &Context, work: impl FnOnce() -> T + Send + 'static) -> Self {
        let context = context.clone();
        // There is only one message, so the channel has capacity one and the sender never waits.
        let (sender, receiver) = bounded(1);
        let thread = std::thread::Builder::new().name(name.into()).spawn(move || {
            // wakes the window even if the job panics
            let _wake = WakeOnDrop(context);
            // dropped before the window is woken
            let sender = sender;
            // The window may be closed by now.
            let _ = sender.send(work());
        });
        Self { answer: thread.ok().map(|_| receiver) }
    }
}

impl<T> Job<T> {
    /// A job whose answer is already available.
    pub fn done(answer: T) -> Self {
        let (sender, receiver) = bounded(1);
        // the channel has room for one answer
        let _ = sender.send(answer);
        Self { answer: Some(receiver) }
    }

    /// Whether an answer is still outstanding.
    pub fn is_running(&self) -> bool {
        self.answer.is_some()
    }

    /// The answer, returned once; `None` if it is not available yet or nothing was requested. Does not wait.
    pub fn poll(&mut self) -> Option<Result<T, Gone>> {
        let found = match self.answer.as_ref()?.try_recv() {
            Err(TryRecvError::Empty) => return None,
            Err(TryRecvError::Disconnected) => Err(Gone),
            Ok(answer) => Ok(answer),
        };
        self.answer = None;
        Some(found)
    }

    /// Waits for the answer for at most this time; then the job is idle.
    pub fn wait(&mut self, at_most: Duration) -> Option<T> {
        self.answer.take()?.recv_timeout(at_most).ok()
    }
}

impl<A> Job<Result<A, String>> {
    /// Like [`Job::poll`], with the loss of the thread reported as an error of the job.
    pub fn poll_outcome(&mut self) -> Option<Result<A, String>> {
        self.poll().map(|found| found.map_err(|gone| gone.to_string()).flatten())
    }
}

struct WakeOnDrop(Context);

impl Drop for WakeOnDrop {
    fn drop(&mut self) {
        self.0.request_repaint();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    fn polled<T>(job: &mut Job<T>) -> Result<T, Gone> {
        let begun = Instant::now();
        loop {
            if let Some(found) = job.poll() {
                return found;
            }
            assert!(begun.elapsed() < Duration::from_secs(10));
            std::thread::yield_now();
        }
    }

    #[test]
    fn the_answer_is_there_once_and_not_before_the_work_is_done() {
        let (go, wait) = bounded::<()>(0);
        let mut job = Job::spawn("test", &Context::default(), move || {
            // waits until the test releases it
            let _ = wait.recv();
            7
        });
        assert!(job.is_running() && job.poll().is_none());
        drop(go);
        assert_eq!(polled(&mut job), Ok(7));
        assert!(!job.is_running() && job.poll().is_none());
    }

    #[test]
    fn a_thread_that_panics_is_gone_and_says_so() {
        let mut job: Job<Result<(), String>> = Job::spawn("test", &Context::default(), || panic!("a test"));
        assert_eq!(polled(&mut job), Err(Gone));
        let mut job: Job<Result<(), String>> = Job::spawn("test", &Context::default(), || panic!("a test"));
        let begun = Instant::now();
        let outcome = loop {
            if let Some(outcome) = job.poll_outcome() {
                break outcome;
            }
            assert!(begun.elapsed() < Duration::from_secs(10));
        };
        assert_eq!(outcome, Err("its thread has failed".into()));
        assert!(!job.is_running());
    }

    #[test]
    fn a_repaint_is_asked_for_when_it_is_done() {
        let awaited = |work: fn(), expected: Result<(), Gone>| {
            let context = Context::default();
            let (sender, asked) = bounded(1);
            context.set_request_repaint_callback(move |_| {
                // one message is enough
                let _ = sender.try_send(());
            });
            let mut job = Job::spawn("test", &context, work);
            assert_eq!(asked.recv_timeout(Duration::from_secs(10)), Ok(()));
            assert_eq!(job.poll(), Some(expected));
        };
        awaited(|| (), Ok(()));
        awaited(|| panic!("a test"), Err(Gone));
    }

    #[test]
    fn an_answer_is_waited_for_no_longer_than_asked() {
        assert_eq!(Job::done(3).wait(Duration::ZERO), Some(3));
        assert_eq!(Job::<u8>::default().wait(Duration::from_secs(9)), None);
        let (_go, wait) = bounded::<()>(0);
        let mut job = Job::spawn("test", &Context::default(), move || wait.recv());
        assert_eq!(job.wait(Duration::from_millis(1)), None);
        assert!(!job.is_running());
    }
}
