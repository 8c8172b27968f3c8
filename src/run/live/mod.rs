//! Threads: the training thread, forks, replays, and surveys of weight space.

pub mod fork;
pub mod lookout;
pub mod message;
pub mod replay;
pub mod spectra;
pub mod worker;
